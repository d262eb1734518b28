"""A thousand dashboards on one worker: what they cost when little happens, and with 500 events a second."""

import time

import orjson

from bench.client import Connection
from bench.plan import Plan, say
from bench.servers import BenchError, service
from bench.table import Row
from bench.watchers import Seen, result, watching

WATCHERS, RATE, STEP = 1_000, 500, 10  # dashboards, events a second, posts a second


def rows(plan: Plan) -> list[Row]:
    seconds = plan.seconds * plan.repeat
    found: list[Row] = []
    for rate in (STEP, RATE):
        say(f"{WATCHERS:,} dashboards, {rate} events a second")
        cpu, memory, seen = _measure(rate, seconds)
        if seen.updates < seconds - 3 or seen.events < rate * (seconds - 2):
            raise BenchError(f"a dashboard saw {seen.updates} updates and {seen.events} events in {seconds:.0f} s")
        found += [
            Row(f"{WATCHERS:,} dashboards, {rate} events/s", f"{cpu:.0%} of a core", f"{memory:.0f} MB"),
            Row(
                f"{WATCHERS:,} dashboards, {rate} events/s",
                f"{seen.mean:.0f} ms from post to dashboard, p99 {seen.p99:.0f} ms",
                target="< 100 ms mean",
                reached=seen.mean < 100,
            ),
        ]
    return found


def _measure(rate: int, seconds: float) -> tuple[float, float, Seen]:
    with service() as ours, Connection(ours.port) as connection, watching(ours, WATCHERS, seconds) as watchers:
        before, start = ours.cpu(), time.monotonic()
        number = 0
        while (due := start + number / STEP) < start + seconds - 1:
            time.sleep(max(0.0, due - time.monotonic()))
            event = {"type": "purchase", "service": "checkout", "user_id": "u-1", "data": {"sent": time.time()}}
            connection.post("/events", orjson.dumps([event] * (rate // STEP)))
            number += 1
        used = (ours.cpu() - before) / (time.monotonic() - start)
        memory = ours.memory()
        return used, memory, result(watchers)
