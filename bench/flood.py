"""10,000 log lines or spans a second with the journal and store on: what events and `/dashboard` notice of it."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import orjson

from bench import openloop
from bench.client import Connection
from bench.fill import many_services
from bench.openloop import MARK, Latency
from bench.payloads import ONE_EVENT
from bench.plan import Plan, say
from bench.recordsin import LINES, line_push, span_message
from bench.servers import BenchError, Server, journalled
from bench.table import Row

RATE = 10_000  # lines or spans a second
SPANS = 500
FACTOR = 30  # times the length of a measurement: a minute by default
P99_LIMIT = 25.0  # ms
KINDS = {"log lines": "logs", "spans": "spans"}
Load = tuple[str, bytes, int]
"""Path, body and how many a second."""
USUAL: list[Load] = [("/events", ONE_EVENT, 100), ("/dashboard", b"", 20)]


def rows(plan: Plan) -> list[Row]:
    random, seconds = Random(5), FACTOR * plan.seconds
    floods: dict[str, Load] = {
        "log lines": ("/loki/api/v1/push", orjson.dumps(line_push(random)), RATE // LINES),
        "spans": ("/v1/traces", orjson.dumps(span_message(random, SPANS, MARK.decode())), RATE // SPANS),
    }
    found = []
    for what, flood in floods.items():
        with journalled() as server:
            with Connection(server.port) as connection:
                many_services(connection)
            say("without a flood")
            used, (_, alone) = _together(server, USUAL, seconds / 4)
            say(f"{RATE:,} {what} a second")
            more, (events, looks, sent) = _together(server, [*USUAL, flood], seconds)
            _check(server, what, sent.count * RATE // flood[2])
        found += [
            _row(f"GET /dashboard beside {RATE:,} {what} a second", looks, alone, P99_LIMIT),
            _row(f"POST /events beside {RATE:,} {what} a second, none refused", events),
            Row(f"CPU for {RATE:,} {what} a second", f"{more - used:.0%} of a core", "", "without them", f"{used:.0%}"),
        ]
    return found


def _together(server: Server, loads: list[Load], seconds: float) -> tuple[float, list[Latency]]:
    """The share of a core that the server used, and the latency of each load."""
    before = server.busy()
    with ThreadPoolExecutor(len(loads)) as pool:
        runs = [pool.submit(openloop.run, server, path, body, rate, seconds) for path, body, rate in loads]
        latencies = [run.result() for run in runs]
    return (server.busy() - before) / seconds, latencies


def _check(server: Server, what: str, count: int) -> None:
    """BenchError unless so many lines or spans were accepted, and none rejected."""
    with Connection(server.port) as connection:
        found = orjson.loads(connection.get("/stats").body)["ingest"][KINDS[what]]
    if found["rejected"] or found["accepted"] != count:
        raise BenchError(f"{what}: {found}")


def _row(what: str, latency: Latency, alone: Latency | None = None, limit: float | None = None) -> Row:
    return Row(
        what,
        f"{latency.p99:.1f} ms p99",
        f"mean {latency.mean:.1f} ms",
        "" if alone is None else "without them",
        "" if alone is None else f"{alone.p99:.1f} ms p99",
        target="" if limit is None else f"≤ {limit:g} ms",
        reached=None if limit is None else latency.p99 <= limit,
    )
