"""Log lines and spans: what they cost, the size of their files in the long-term store, and how long questions take."""

import gc
import os
import time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from analytics.bus import Bus
from analytics.clock import SystemClock
from analytics.config import Settings
from analytics.kinds import LOGS, SPANS, Kind
from analytics.log.log import MemoryLog
from analytics.log.recorder import Recorder
from analytics.query.records.source import RecordQuery
from analytics.schemas.compiled import DecodedBatch
from analytics.state.state import State
from analytics.store.files.writer import FileWriter, Reach
from analytics.store.process.engine import DuckEngine
from analytics.store.process.main import GC_THRESHOLD
from analytics.store.records.layout import RECORD_LAYOUTS
from analytics.store.records.tail import RecordTail
from analytics.store.records.writing import RecordWriter
from bench.plan import Plan, interleaved, say
from bench.recordfill import RARE, SERVICE, fill, line_bodies, span_bodies
from bench.storeprocess import store_process
from bench.table import Row

LINES = int(os.environ.get("BENCH_LINES", 5_000_000))
SPANS_MADE = int(os.environ.get("BENCH_SPANS", 10_000_000))
SIZE_LIMITS = {"logs": 60.0, "spans": 55.0}
CPU_LIMITS = {"logs": 6.0, "spans": 12.0}
"""Microseconds of CPU of the whole service, its doors included, which are not measured here."""
NAMES = {"logs": "log line", "spans": "span"}
FLUSH_ROWS, SETTLE_ROWS = 100_000, 20_000


def rows(plan: Plan) -> list[Row]:
    return [*_costs("logs", LOGS, line_bodies(40)), *_costs("spans", SPANS, span_bodies(80)), *_asking(plan)]


def _costs(name: str, kind: Kind[Any], bodies: list[bytes]) -> list[Row]:
    layout, count = RECORD_LAYOUTS[name], 0
    gc.set_threshold(GC_THRESHOLD, 50, 50)  # as in that process
    with TemporaryDirectory(prefix="bench-") as folder:
        writer, engine = RecordWriter(FileWriter(Path(folder))), DuckEngine(Path(folder), 160 * 2**20, 2)
        db = engine.connect()
        started = time.process_time()
        for part in range(3):
            tail = RecordTail(f"tail_{part}", layout, count)
            while tail.size < FLUSH_ROWS:
                for body in bodies:
                    records = layout.decode(body)
                    tail.add(records, f"0123456789-18c2f0a1b2c-{count}-", time.time(), len(body))
                    count += len(records)
                    if tail.waiting >= SETTLE_ROWS:
                        tail.settle(db)
            tail.settle(db)
            list(writer.of_tail(engine.connect(), [tail], Reach(0, part, part, 0), lambda kind: ()))
            for table in tail.tables:
                db.execute(f"DROP TABLE {table}")
        kept = (time.process_time() - started) / count * 1e6
    clock, bus = SystemClock(), Bus(lambda _: None)
    state = State(Settings(), clock.wall())
    recorder = Recorder(state, Settings(), clock, bus, MemoryLog())
    recorder.start()
    decoded = [layout.decode(body) for body in bodies]
    started = time.process_time()
    for records in decoded:
        recorder.record_batch(kind, DecodedBatch(list(records), range(len(records)), []))
    taken = (time.process_time() - started) / sum(map(len, decoded)) * 1e6
    limit, what = CPU_LIMITS[name], NAMES[name]
    return [
        Row(f"a {what} in the store process, without merging", f"{kept:.2f} µs CPU"),
        Row(f"a {what} recorded, without door and journal", f"{taken:.2f} µs CPU"),
        Row(
            f"a {what} in both",
            f"{kept + taken:.2f} µs CPU",
            target=f"≤ {limit:g} µs with its door",
            reached=kept + taken <= limit,
        ),
    ]


def _asking(plan: Plan) -> list[Row]:
    found = []
    with TemporaryDirectory(prefix="bench-") as folder:
        say(f"{LINES:,} log lines, {SPANS_MADE:,} spans")
        made = fill(Path(folder), LINES, SPANS_MADE)
        for name, limit in SIZE_LIMITS.items():
            size = made.bytes[name] / made.rows[name]
            what = f"files of {made.rows[name]:,} {NAMES[name]}s"
            found.append(Row(what, f"{size:.1f} B each", target=f"≤ {limit:g} B", reached=size <= limit))
        day = {"since": made.since, "until": made.until}
        text = "SELECT seq, time, service, severity, body FROM records WHERE has_text(body, ?) "
        newest = "ORDER BY time DESC, seq DESC LIMIT 100"
        trace, ids = "SELECT * FROM records WHERE trace_id = ? ORDER BY {}", [made.trace]
        asked = {
            "a trace by id": (
                30,
                RecordQuery("spans", trace.format("start_time"), ids, trace_ids=ids),
            ),
            "a text in a day of lines": (400, RecordQuery("logs", text + newest, [RARE], **day)),
            "the same with a service": (
                100,
                RecordQuery(
                    "logs", f"{text} AND service = ? {newest}", [RARE.upper(), SERVICE], services=[SERVICE], **day
                ),
            ),
            "lines of a trace": (100, RecordQuery("logs", trace.format("time"), ids, trace_ids=ids)),
        }
        with store_process(Path(folder), merges=False) as process:
            runs = {}
            for name, (_, query) in asked.items():
                args = msgspec.to_builtins(query)
                if not b"".join(process.ask("records", args)).count(b"],["):
                    say(f"{name}: few rows")
                runs[name] = partial(process.timed, "records", args)
            times = interleaved(plan, runs)
            peak = process.memory("VmHWM")
    for name, (limit, _) in asked.items():
        took = median(times[name])
        found.append(Row(name, f"{took:.1f} ms", target=f"≤ {limit} ms", reached=took <= limit))
    return [*found, Row("memory of the store process meanwhile", f"{peak:.0f} MB")]
