"""`GET /metrics` with 500 services: its CPU, and how long it holds the loop at a time, beside prometheus_client."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from random import Random
from statistics import median
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from analytics.api.scraping import compressed
from analytics.bus import Bus
from analytics.config import Settings
from analytics.kinds import EVENTS, HEARTBEATS, METRICS
from analytics.log.log import MemoryLog
from analytics.log.recorder import Recorder
from analytics.query.exposition.protobuf import ProtobufWriter
from analytics.query.exposition.render import Writer, exposition
from analytics.query.exposition.text import TextWriter
from analytics.query.reader import Reader
from analytics.records import NewEvent, NewHeartbeat, NewMetric
from analytics.schemas.compiled import DecodedBatch
from analytics.state.state import State
from bench.plan import SERVER_CORE, Plan
from bench.servers import ROOT
from bench.table import Row

SERVICES, REQUESTS = 500, 200
LONGEST = 5.0  # ms
TEXT, OPENMETRICS, PROTOBUF, GZIPPED, PEER = "text", "OpenMetrics", "protobuf", "text, gzipped", "prometheus_client"


class Figure(NamedTuple):
    """Milliseconds of CPU of one exposition: the longest time between two pauses, and the whole."""

    longest: float
    whole: float
    bytes: int
    lines: int


def rows(plan: Plan) -> list[Row]:
    command = ["taskset", "-c", str(SERVER_CORE), sys.executable, "-m", "bench.exposition", str(plan.repeat)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=300).stdout
    figures = msgspec.json.decode(output, type=dict[str, list[Figure]])
    peer = figures.pop(PEER)
    return [_row(name, found, peer) for name, found in figures.items()]


def _row(name: str, found: list[Figure], peer: list[Figure]) -> Row:
    longest, whole = max(each.longest for each in found), median(each.whole for each in found)
    theirs = median(each.whole for each in peer)
    return Row(
        f"GET /metrics, {SERVICES} services, {found[0].lines:,} lines, {name}",
        f"{whole:.0f} ms CPU, at most {longest:.1f} ms at a time",
        f"{found[0].bytes / 1e6:.2f} MB",
        "generate_latest of prometheus_client, without reading the state",
        f"{theirs:.0f} ms CPU at a time",
        ratio=f"{whole / theirs:.2f} ×",
        target=f"≤ {LONGEST:g} ms at a time",
        reached=longest <= LONGEST,
    )


def _measure(repeat: int) -> dict[str, list[Figure]]:
    reader = _filled()
    writers: dict[str, Callable[[], Writer]] = {
        TEXT: lambda: TextWriter(openmetrics=False, utf8=False),
        OPENMETRICS: lambda: TextWriter(openmetrics=True, utf8=True),
        PROTOBUF: lambda: ProtobufWriter(utf8=False),
    }
    found: dict[str, list[Figure]] = {name: [] for name in (*writers, GZIPPED, PEER)}
    text = b"".join(reader.ask_in_steps(lambda: None, exposition, 0, writers[TEXT]()))
    lines = text.count(b"\n")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(text.decode()))
    for _ in range(repeat):
        for name, writer in writers.items():
            found[name].append(_timed(_exposition(reader, writer()), lines))
        found[GZIPPED].append(_timed(_zipped(reader, writers[TEXT]()), lines))
        found[PEER].append(_timed(lambda _: generate_latest(registry), lines))
    return found


def _timed(make: Callable[[Callable[[], None]], bytes], lines: int) -> Figure:
    """`make` is given what it calls at each pause."""
    longest = 0.0
    started = last = time.thread_time()

    def pause() -> None:
        nonlocal longest, last
        now = time.thread_time()
        longest, last = max(longest, now - last), now

    body = make(pause)
    pause()
    return Figure(longest * 1e3, (last - started) * 1e3, len(body), lines)


def _exposition(reader: Reader, writer: Writer) -> Callable[[Callable[[], None]], bytes]:
    return lambda pause: b"".join(reader.ask_in_steps(pause, exposition, 0, writer))


def _zipped(reader: Reader, writer: Writer) -> Callable[[Callable[[], None]], bytes]:
    return lambda pause: b"".join(compressed(_exposition(reader, writer)(pause), pause))


class _Clock:
    """A clock of which only `_filled` moves the hand, so that no bucket closes during a measurement."""

    def __init__(self) -> None:
        self.now = time.time()

    def wall(self) -> float:
        return self.now

    monotonic = wall


class _Read(Collector):
    """The metrics of a text."""

    def __init__(self, text: str) -> None:
        self._families = list(text_string_to_metric_families(text))

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def _filled() -> Reader:
    """A state with traffic, events, heartbeats and custom metrics of all services."""
    random, clock, settings = Random(1), _Clock(), Settings(max_services=SERVICES)
    state = State(settings, clock.wall())
    recorder = Recorder(state, settings, clock, Bus(state.counters.dropped), MemoryLog())
    recorder.start()
    for number in range(SERVICES):
        name = f"service-{number}"
        events = [
            NewEvent("request", name, user_id=f"user-{random.randrange(1_000)}", data=_data(random))
            for _ in range(REQUESTS)
        ]
        recorder.record_batch(EVENTS, DecodedBatch(events, range(REQUESTS), []))
        recorder.record(METRICS, NewMetric("memory", random.random(), tags={"service": name}))
        recorder.record(HEARTBEATS, NewHeartbeat(name, "healthy", None))
    clock.now += 61
    return Reader(state, clock)


def _data(random: Random) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"latency": random.lognormvariate(3, 1), "status": 200}))


if __name__ == "__main__":
    os.write(1, msgspec.json.encode(_measure(int(sys.argv[1]))))
