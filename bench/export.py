"""`GET /export/events` with 1,000,000 events, beside reading them in pages of `GET /events`."""

import gzip
import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import orjson
import requests

from bench.client import Connection
from bench.fill import post
from bench.payloads import Event, shop_batch
from bench.plan import Plan, interleaved
from bench.servers import BenchError, Server, service
from bench.table import Row, against
from bench.wrk import Cost

EVENTS = 1_000_000
BATCH = 10_000
PAGES = 100
LOOKS = 3  # at most, as each transfers hundreds of megabytes
PAGED = "pages of GET /events"
MEMORY_LIMIT = 50.0  # MB that an export may take beside what is stored
FORMS = (("ndjson", "identity"), ("csv", "identity"), ("csv", "gzip"))


class Growth:
    """The peak memory of exports, relative to the memory before."""

    def __init__(self, server: Server) -> None:
        self._server, self._before, self.megabytes = server, server.memory(), 0.0

    def look(self) -> None:
        self.megabytes = max(self.megabytes, self._server.memory() - self._before)


def rows(plan: Plan) -> list[Row]:
    with service(events_ring=EVENTS) as ours:
        with Connection(ours.port) as connection:
            post(connection, "/events", _events(), BATCH)
        growth = Growth(ours)
        runs: dict[str, Callable[[], Cost]] = {
            f"GET /export/events, {form}{', gzip' * (coding == 'gzip')}": partial(_export, ours, growth, form, coding)
            for form, coding in FORMS
        }
        costs = interleaved(Plan(plan.seconds, min(plan.repeat, LOOKS)), {**runs, PAGED: partial(_pages, ours)})
        return [
            *(against(f"{name}, a row", costs[name], PAGED, costs[PAGED], None) for name in runs),
            Row(
                f"memory while {EVENTS:,} events are exported",
                f"{growth.megabytes:.1f} MB more",
                f"{ours.memory():.0f} MB in all",
                target=f"≤ {MEMORY_LIMIT:g} MB",
                reached=growth.megabytes <= MEMORY_LIMIT,
            ),
        ]


def _events() -> Iterator[Event]:
    random = Random(7)
    for _ in range(0, EVENTS, BATCH):
        yield from shop_batch(random, BATCH)


def _export(server: Server, growth: Growth, form: str, coding: str) -> Cost:
    """Export everything once; BenchError if it is incomplete."""
    url = f"http://127.0.0.1:{server.port}/export/events?format={form}"
    cpu, started, received = server.busy(), time.perf_counter(), 0
    packed = []
    with requests.get(url, headers={"Accept-Encoding": coding}, stream=True, timeout=60) as answer:
        for number, piece in enumerate(answer.raw.stream(1 << 18, decode_content=False)):
            if coding == "gzip":
                packed.append(piece)
            else:
                received += piece.count(b"\n")
            if number % 20 == 0:
                growth.look()
    seconds, cpu = time.perf_counter() - started, server.busy() - cpu
    if packed:
        received = gzip.decompress(b"".join(packed)).count(b"\n")
    if received - (form == "csv") != EVENTS:
        raise BenchError(f"{received:,} lines of {form} came for {EVENTS:,} events")
    return Cost(cpu * 1e6 / EVENTS, EVENTS / seconds)


def _pages(server: Server) -> Cost:
    """Read the newest 100,000 events in pages of 1,000."""
    cpu, started, cursor, received = server.busy(), time.perf_counter(), "", 0
    with Connection(server.port) as connection:
        for _ in range(PAGES):
            page = orjson.loads(connection.get(f"/events?limit=1000&cursor={cursor}").body)
            received, cursor = received + page["count"], page["next_cursor"]
    return Cost((server.busy() - cpu) * 1e6 / received, received / (time.perf_counter() - started))
