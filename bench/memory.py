"""Memory of the server at rest, and for 100,000 stored events of the documented size, with an enlarged ring."""

import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

from bench.client import Connection
from bench.fill import post
from bench.payloads import Event, shop_batch
from bench.plan import Plan, say
from bench.servers import BenchError, Server, service
from bench.table import Row

EVENTS = 100_000
ROUNDS = 2  # in the second round, every event replaces another
LIMIT = 50.0  # MB that storing them may add
REST_LIMIT = 80.0  # MB of gunicorn's master and worker together
REST_SECONDS = 5.0  # the page's clients are gone, the jobs have run
ALERTS_SECONDS = 60.0  # in which the alert rules are evaluated, once there is a service
PROMQL = "promql_parser"  # loaded for that
SPECIFIED = "~100 MB"


def rows(plan: Plan) -> list[Row]:
    del plan  # more measurements would not be more exact
    return [_at_rest(), _with_events()]


def _at_rest() -> Row:
    with tempfile.TemporaryDirectory() as folder, service(data_dir=folder) as ours:
        with Connection(ours.port) as connection:
            for path in ("/", "/dashboard"):
                connection.get(path)
        time.sleep(REST_SECONDS)
        whole = ours.memory_with_master()
    return Row(
        "memory of the whole server at rest",
        f"{whole:.0f} MB, master and worker",
        target=f"≤ {REST_LIMIT:g} MB",
        reached=whole <= REST_LIMIT,
    )


def _with_events() -> Row:
    with service(events_ring=EVENTS) as ours, Connection(ours.port) as connection:
        empty = ours.memory()
        post(connection, "/events", islice(_events(ROUNDS), 1_000))
        _wait_for_alert_rules(ours)
        before = ours.memory()
        say(f"with the first service {before - empty:.0f} MB more are loaded, most of it for alert rules")
        for number in range(ROUNDS):
            post(connection, "/events", _events(number))
            after = ours.memory()
            say(f"round {number + 1}: {after:.0f} MB, {after - before:.0f} MB more than before")
    growth = after - before
    return Row(
        f"memory for {EVENTS:,} stored events",
        f"{growth:.0f} MB more",
        f"{after:.0f} MB in all, {before - empty:.0f} loaded with the first service",
        "what is specified",
        SPECIFIED,
        target=f"≤ {LIMIT:g} MB",
        reached=growth <= LIMIT,
    )


def _wait_for_alert_rules(ours: Server) -> None:
    """Wait until what the first service loads is there, so that it is not counted as events."""
    deadline = time.monotonic() + ALERTS_SECONDS
    while PROMQL not in Path(f"/proc/{ours.pid}/maps").read_text():
        if time.monotonic() > deadline:
            raise BenchError("the alert rules were not evaluated")
        time.sleep(0.2)
    time.sleep(REST_SECONDS)


def _events(seed: int) -> Iterator[Event]:
    random = Random(seed)
    for _ in range(0, EVENTS, 1_000):
        yield from shop_batch(random)
