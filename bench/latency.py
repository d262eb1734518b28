"""Latency of single posts at a steady 300 a second, while /ws/dashboard streams snapshots and events."""

from contextlib import ExitStack

from bench import openloop
from bench.client import Connection
from bench.fill import many_services
from bench.openloop import Latency
from bench.payloads import ONE_EVENT, one_metric
from bench.plan import Plan, say
from bench.servers import BenchError, bare, service
from bench.table import Row
from bench.watching import watching

RATE = 300  # posts a second
P99_LIMIT = 25.0  # ms
LIMITS = (  # path, body, ms on average
    ("/events", ONE_EVENT, 5.0),
    ("/metrics", one_metric("productcatalog", "/products"), 3.0),
)


def rows(plan: Plan) -> list[Row]:
    seconds = plan.seconds * plan.repeat  # one long measurement instead of several
    with ExitStack() as stack:
        baseline, ours = stack.enter_context(bare()), stack.enter_context(service())
        with Connection(ours.port) as connection:
            many_services(connection)
        say("bare view")
        its = openloop.run(baseline, "/", ONE_EVENT, RATE, seconds)
        found: list[Row] = []
        for path, body, limit in LIMITS:
            say(path)
            with watching(ours) as updates:
                latency = openloop.run(ours, path, body, RATE, seconds)
            if len(updates) < seconds - 3:
                raise BenchError(f"only {len(updates)} snapshots in {seconds:.0f} s")
            found += _rows(path, latency, limit, its)
    return found


def _rows(path: str, latency: Latency, limit: float, its: Latency) -> list[Row]:
    what, rate = f"POST {path}, latency", f"{RATE}/s"
    return [
        Row(
            what,
            f"{latency.mean:.2f} ms mean",
            rate,
            "bare view",
            f"{its.mean:.2f} ms mean",
            rate,
            f"{latency.mean / its.mean:.2f} ×",
            f"< {limit:g} ms",
            latency.mean < limit,
        ),
        Row(
            what,
            f"{latency.p99:.2f} ms p99",
            rate,
            "bare view",
            f"{its.p99:.2f} ms p99",
            rate,
            f"{latency.p99 / its.p99:.2f} ×",
            f"< {P99_LIMIT:g} ms",
            latency.p99 < P99_LIMIT,
        ),
    ]
