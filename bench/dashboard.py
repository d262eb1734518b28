"""`GET /dashboard` of a busy service: right after a write, and without changes since the last read."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from statistics import mean

from bench.client import Connection, encode
from bench.fill import MANY_ENDPOINTS, MANY_SERVICES, many_services
from bench.payloads import ONE_EVENT
from bench.plan import Plan, interleaved, say
from bench.servers import BenchError, Server, bare, service
from bench.table import Row, against
from bench.wrk import Cost, Load

WHAT = f"GET /dashboard, {MANY_SERVICES} services, {MANY_ENDPOINTS:,} endpoints"
UNCHANGED = "GET /dashboard, nothing changed"
BARE, SIZED = "bare view", "bare view, as many bytes"
LOOKS = 300
MEAN_LIMIT = 10.0  # ms
BARE_LIMIT = 1.2  # × the CPU of the bare view


def rows(plan: Plan) -> list[Row]:
    with ExitStack() as stack:
        ours = stack.enter_context(service())
        with Connection(ours.port) as connection:
            many_services(connection)
            size = len(connection.get("/dashboard").body)
        say(f"a dashboard of {size:,} bytes")
        baseline = stack.enter_context(bare(size))
        fresh = after_write(ours, "/dashboard", "/events")
        simple = after_write(baseline, "/", "/")
        runs: dict[str, Callable[[], Cost]] = {}
        for name, server, path in (
            (UNCHANGED, ours, "/dashboard"),
            (BARE, baseline, "/"),
            (SIZED, baseline, "/sized"),
        ):
            load = stack.enter_context(Load(server, path))
            runs[name] = partial(load.run, plan.seconds)
        costs = interleaved(plan, runs)
    return [
        latency_row(f"{WHAT}, after a write", fresh, simple),
        against(UNCHANGED, costs[UNCHANGED], BARE, costs[BARE], BARE_LIMIT),
        against(UNCHANGED, costs[UNCHANGED], SIZED, costs[SIZED], None),
    ]


def after_write(server: Server, path: str, written: str, looks: int = LOOKS) -> list[float]:
    """Milliseconds of each GET, each after posting one event."""
    write, read = encode("POST", written, ONE_EVENT), encode("GET", path)
    times = []
    with Connection(server.port) as connection:
        for _ in range(looks):
            connection.send(write)
            took, answer = connection.timed(read)
            if answer.status >= 300:
                raise BenchError(f"{path} answered {answer.status} {answer.body[:300]!r}")
            times.append(took)
    return times


def latency_row(what: str, ours: list[float], its: list[float]) -> Row:
    """The mean of the reads on one connection against the limit, beside the bare view's."""
    return Row(
        what,
        f"{mean(ours):.2f} ms mean",
        f"{1000 / mean(ours):,.0f}/s",
        BARE,
        f"{mean(its):.2f} ms mean",
        f"{1000 / mean(its):,.0f}/s",
        f"{mean(ours) / mean(its):.2f} ×",
        f"< {MEAN_LIMIT:g} ms",
        mean(ours) < MEAN_LIMIT,
    )
