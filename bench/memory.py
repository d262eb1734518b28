"""Memory of the server at rest, and for 100,000 stored events of the documented size, with an enlarged ring."""

import tempfile
import time
from collections.abc import Iterator
from random import Random

from bench.client import Connection
from bench.fill import post
from bench.payloads import Event, shop_batch
from bench.plan import Plan, say
from bench.servers import service
from bench.table import Row

EVENTS = 100_000
ROUNDS = 2  # in the second round, every event replaces another
LIMIT = 50.0  # MB that storing them may add
REST_LIMIT = 80.0  # MB of gunicorn's master and worker together
REST_SECONDS = 5.0  # the page's clients are gone, the jobs have run
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
        before = ours.memory()
        for number in range(ROUNDS):
            post(connection, "/events", _events(number))
            after = ours.memory()
            say(f"round {number + 1}: {after:.0f} MB, {after - before:.0f} MB more than at the start")
    growth = after - before
    return Row(
        f"memory for {EVENTS:,} stored events",
        f"{growth:.0f} MB more",
        f"{after:.0f} MB in all",
        "what is specified",
        SPECIFIED,
        target=f"≤ {LIMIT:g} MB",
        reached=growth <= LIMIT,
    )


def _events(seed: int) -> Iterator[Event]:
    random = Random(seed)
    for _ in range(0, EVENTS, 1_000):
        yield from shop_batch(random)
