"""The cost of the journal: the same load with and without it, and the duration of recovery."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

import orjson

from bench import openloop
from bench.client import Connection
from bench.fill import whole_retention
from bench.latency import RATE
from bench.openloop import Latency
from bench.payloads import ONE_EVENT, shop_batch
from bench.plan import Plan, interleaved
from bench.servers import BenchError, journalled, service
from bench.table import Row, against
from bench.wrk import Cost, Load

BATCHES, SINGLES = "POST /events, 1,000 a batch, journal on", "POST /events, single, journal on"
OFF = "the same, journal off"
SIZE, BODIES = 1_000, 20
FEW, MANY = 16, 64
"""Connections that post single events: waiting events are written together, so each costs less with many."""
CPU_LIMIT = 1.25  # × the CPU without the journal
RATE_LIMIT = 0.85  # × the throughput without it
LATENCY_LIMIT = 1.5  # ms more on average
MILLION = 1_000_000


def rows(plan: Plan) -> list[Row]:
    return [*_load(plan), *_latency(plan), *_recovery(), *_whole_retention()]


def _load(plan: Plan) -> list[Row]:
    random = Random(1)
    batches = [orjson.dumps(shop_batch(random, SIZE)) for _ in range(BODIES)]
    singles = {f"{SINGLES}, {connections} connections": connections for connections in (FEW, MANY)}
    loads = {BATCHES: (batches, SIZE, 4)} | {what: ([ONE_EVENT], 1, singles[what]) for what in singles}
    with ExitStack() as stack:
        runs: dict[str, Callable[[], Cost]] = {}
        for on in (True, False):
            server = stack.enter_context(journalled() if on else service())
            for what, kind in loads.items():
                load = stack.enter_context(Load(server, "/events", *kind))
                runs[what if on else f"{what}: {OFF}"] = partial(load.run, plan.seconds)
        costs = interleaved(plan, runs)
    found = [against(BATCHES, costs[BATCHES], OFF, costs[f"{BATCHES}: {OFF}"], CPU_LIMIT)]
    for what in singles:
        mine, other = costs[what], costs[f"{what}: {OFF}"]
        share = median(one.rate / two.rate for one, two in zip(mine, other, strict=True))
        target = f"≥ {RATE_LIMIT:g} × its rate"
        found.append(against(what, mine, OFF, other, None))
        found.append(Row(what, baseline=OFF, ratio=f"{share:.2f} ×", target=target, reached=share >= RATE_LIMIT))
    return found


def _latency(plan: Plan) -> list[Row]:
    with journalled() as ours, service() as without:
        runs: dict[str, Callable[[], Latency]] = {
            name: partial(openloop.run, server, "/events", ONE_EVENT, RATE, max(2.0, plan.seconds))
            for name, server in ((SINGLES, ours), (OFF, without))
        }
        times = interleaved(plan, runs)
    mine, other = (median(time.mean for time in times[name]) for name in (SINGLES, OFF))
    more = median(a.mean - b.mean for a, b in zip(times[SINGLES], times[OFF], strict=True))
    rate, target = f"{RATE}/s", f"≤ {LATENCY_LIMIT:g} ms more"
    ours, theirs = f"{mine:.2f} ms mean", f"{other:.2f} ms mean"
    return [Row(SINGLES, ours, rate, OFF, theirs, rate, f"+ {more:.2f} ms", target, more <= LATENCY_LIMIT)]


def _recovery() -> list[Row]:
    """A million events, then a kill: the size of the files, and the time until the next start is ready."""
    random = Random(2)
    bodies = [_without_ids(shop_batch(random, SIZE)) for _ in range(BODIES)]
    with TemporaryDirectory(prefix="bench-") as folder:
        with service(data_dir=folder) as server, Connection(server.port) as connection:
            for number in range(MILLION // SIZE):
                if connection.post("/events", bodies[number % BODIES]).status != 200:
                    raise BenchError("a batch was not accepted")
            counted = _total(connection)
            os.killpg(os.getpgid(server.pid), signal.SIGKILL)
        return _start_again(folder, counted, "a start after 1,000,000 events and a kill", "files of 1,000,000 events")


def _without_ids(events: list[dict[str, object]]) -> bytes:
    return orjson.dumps([{name: value for name, value in event.items() if name != "id"} for event in events])


def _whole_retention() -> list[Row]:
    """The default retention is full, with 100 services: the duration of a start after a stop."""
    with TemporaryDirectory(prefix="bench-") as folder:
        with service(data_dir=folder) as server, Connection(server.port) as connection:
            whole_retention(connection, time.time())
            counted = _total(connection)
        return _start_again(folder, counted, "a start with the default retention full, 100 services", "files of that")


def _start_again(folder: str, counted: int, start: str, files: str) -> list[Row]:
    """The duration of a start that recovers the `counted` events, and the size of the files that it reads."""
    size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
    started = time.monotonic()
    with service(data_dir=folder) as server, Connection(server.port) as connection:
        took = time.monotonic() - started
        found = _total(connection)
    if found != counted:
        raise BenchError(f"{found:,} events came back of {counted:,}")
    return [Row(start, f"{took:.2f} s", target="< 3 s", reached=took < 3), Row(files, f"{size:.0f} MB")]


def _total(connection: Connection) -> int:
    return int(orjson.loads(connection.get("/health").body)["stats"]["total_events"])
