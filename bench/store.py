"""The long-term store: what an event costs its process, the size of files, and how long questions take."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
import msgspec

from bench import storelatency
from bench.client import Connection
from bench.plan import Plan, interleaved, say
from bench.servers import BenchError, Server, service
from bench.storefill import FIELDS, fill, invented
from bench.storepeers import SHARE, peers
from bench.storeprocess import StoreProcess, store_process
from bench.storequeries import Asked, questions
from bench.table import Row

RATE, BATCH, BODIES = 20_000, 1_000, 40
TAKING_SECONDS = 45
"""Nine files of 100,000 events, of which eight are merged."""
CPU_LIMIT, WORKER_LIMIT = 7.0, 0.1
"""Microseconds an event, of the store process and of the worker."""
SIZE_LIMIT = 48.0
BUSY_LIMIT, REST_LIMIT = 350.0, 90.0
"""Megabytes of the store process."""
SMALL_TIMES = 5
LONG, QUICK = "unique users a day, 90 days", "p95 by endpoint, a day"
LONGS, QUICK_LIMIT = 3, 50.0
QUIET_SECONDS = 60.0
PEERS = {"SQLite": f"SQLite, one of {SHARE} events", "DuckDB": "DuckDB's own table"}
PEER_REPEAT = 3
"""Measurements of a question to a peer, some of which take seconds."""


def rows(plan: Plan) -> list[Row]:
    return [*_taking_in(), *_asking(plan)]


def _taking_in() -> list[Row]:
    """Post at a steady rate: through the journal into files, merged."""
    bodies = _bodies()
    with TemporaryDirectory(prefix="bench-") as folder, service(data_dir=folder, store="off") as server:
        without, _ = _fed(server, bodies)
    with TemporaryDirectory(prefix="bench-") as folder, service(data_dir=folder, store_seconds=600) as server:
        child = StoreProcess.of(server.pid)
        rest = child.memory()
        _warm(server, bodies)
        before = child.cpu()
        worker, count = _fed(server, bodies)
        time.sleep(5)  # it has merged
        own, peak = (child.cpu() - before) / count * 1e6, child.memory("VmHWM")
    telling = float(subprocess.run([sys.executable, "-m", "bench.storeworker"], capture_output=True, check=True).stdout)
    what = f"the store process, {RATE:,} events/s"
    return [
        Row(what, f"{own:.2f} µs CPU an event", f"{RATE:,}/s", target=f"≤ {CPU_LIMIT:g} µs", reached=own <= CPU_LIMIT),
        Row(
            "what the worker does for it",
            f"{telling:.2f} µs CPU an event",
            target=f"≤ {WORKER_LIMIT:g} µs",
            reached=telling <= WORKER_LIMIT,
        ),
        Row(
            "all that the worker does",
            f"{worker:.2f} µs CPU an event",
            baseline="without a store",
            its_figure=f"{without:.2f} µs CPU",
            ratio=f"+ {worker - without:.2f} µs",
            note="runs differ by more",
        ),
        Row("its memory at rest", f"{rest:.0f} MB", target=f"≤ {REST_LIMIT:g} MB", reached=rest <= REST_LIMIT),
        Row("at most while it writes", f"{peak:.0f} MB", target=f"≤ {BUSY_LIMIT:g} MB", reached=peak <= BUSY_LIMIT),
    ]


def _warm(server: Server, bodies: list[bytes]) -> None:
    """Record and ask something, for which the store process loads DuckDB."""
    with Connection(server.port) as connection:
        connection.post("/events", bodies[0])
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        if connection.post("/explore", msgspec.json.encode({"from": since})).status != 200:
            raise BenchError("a question was not answered")


def _fed(server: Server, bodies: list[bytes]) -> tuple[float, int]:
    """Microseconds of the worker's CPU an event, and how many events."""
    batches = RATE * TAKING_SECONDS // BATCH
    with Connection(server.port) as connection:
        connection.post("/events", bodies[0])
        before, start = server.busy(), time.monotonic()
        for number in range(batches):
            time.sleep(max(0.0, start + number * BATCH / RATE - time.monotonic()))
            if connection.post("/events", bodies[number % BODIES]).status != 200:
                raise BenchError("a batch was not accepted")
        return (server.busy() - before) / (batches * BATCH) * 1e6, batches * BATCH


def _bodies() -> list[bytes]:
    data = " || ',' || ".join(f"""'"{name}":' || "data.{name}\"""" for name in FIELDS if name != "total")
    with_total = """CASE WHEN shape = 1 THEN ',"total":' || "data.total" ELSE '' END"""
    text = f"""'{{"type":"' || type || '","service":"' || service || '","user_id":"' || user_id ||
        '","data":{{' || {data} || {with_total} || '}}}}'"""
    with duckdb.connect() as db:
        made = []
        for number in range(BODIES):
            found = db.execute(f"SELECT {text} FROM {invented(number * BATCH, BATCH, 0, 86_400)}").fetchall()
            made.append(("[" + ",".join(each for (each,) in found) + "]").encode())
    return made


def _asking(plan: Plan) -> list[Row]:
    with TemporaryDirectory(prefix="bench-") as folder:
        whole, small = Path(folder) / "whole", Path(folder) / "small"
        made = []
        for directory, has_small in ((whole, False), (small, True)):
            say("5,000,000 events" + (", a tenth in small files" if has_small else ""))
            directory.mkdir()
            made.append(fill(directory, small_files=has_small))
        size = made[0].bytes / made[0].rows
        asked = questions(made[0].until)
        say("the same in SQLite and in a table of DuckDB")
        with (
            peers(Path(folder), made[0].until) as others,
            store_process(whole) as process,
            store_process(small, merges=False) as unmerged,
        ):
            runs: dict[str, Callable[[], float]] = {}
            compared: dict[str, list[float]] = {}
            for name, each in asked.items():
                for kind, where in (("", process), (" | small", unmerged)):
                    where.timed(each.op, each.args)
                    runs[name + kind] = partial(where.timed, each.op, each.args)
                for peer, ask in others.items():
                    say(f"{name}, {peer}")
                    compared[name + peer] = [ask[name]() for _ in range(PEER_REPEAT)]
            times = interleaved(plan, runs)
            quick = [_beside_long_ones(process, asked) for _ in range(plan.repeat)]
            peak = process.memory("VmHWM")
            time.sleep(QUIET_SECONDS)
            left = process.memory()
        beside = storelatency.rows(whole, asked[LONG])
    found = [
        Row("files of 5,000,000 events", f"{size:.1f} B an event", target=f"≤ {SIZE_LIMIT:g} B", reached=size <= 48)
    ]
    for name, each in asked.items():
        took, slow = median(times[name]), median(times[f"{name} | small"])
        found.append(Row(name, f"{took:.1f} ms", target=f"≤ {each.limit:g} ms", reached=took <= each.limit))
        for peer, what in PEERS.items():
            its = median(compared[name + peer])
            found.append(
                Row("", baseline=what, its_figure=f"{its:.1f} ms", ratio=f"{took / its:.2f} ×", note="compared")
            )
        found.append(
            Row(
                f"{name}, 1,000 small files",
                f"{slow:.1f} ms",
                ratio=f"{slow / took:.1f} ×",
                target=f"≤ {SMALL_TIMES} ×",
                reached=slow <= SMALL_TIMES * took,
            )
        )
    took = median(quick)
    name = f"{QUICK}, beside {LONGS} long ones"
    found.append(Row(name, f"{took:.1f} ms", target=f"≤ {QUICK_LIMIT:g} ms", reached=took <= QUICK_LIMIT))
    found.append(Row("memory while answering", f"{peak:.0f} MB", target=f"≤ {BUSY_LIMIT:g} MB", reached=peak <= 350))
    name = f"memory {QUIET_SECONDS:g} s later"
    found.append(Row(name, f"{left:.0f} MB", target=f"≤ {REST_LIMIT:g} MB", reached=left <= REST_LIMIT))
    return found + beside


def _beside_long_ones(process: StoreProcess, asked: dict[str, Asked]) -> float:
    """Milliseconds of a quick question while long ones are answered."""
    long, quick = asked[LONG], asked[QUICK]
    waiting = [process.begun(long.op, long.args) for _ in range(LONGS)]
    time.sleep(0.1)
    took = process.timed(quick.op, quick.args)
    for connection in waiting:
        process.pieces(connection)
    return took
