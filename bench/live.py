"""Many dashboards on one worker, beside npm's ws and socket.io doing the same."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

import orjson

from bench import openloop, peers
from bench.client import Connection
from bench.payloads import ONE_EVENT
from bench.plan import Plan, say
from bench.servers import BenchError, NotInstalledError, Server, service
from bench.table import Row, not_installed
from bench.watchers import Seen, result, watching

WATCHERS, MANY = 1_000, 5_000
RATE = 200  # events a second, one by one
PEER_RATE = 20  # the same of a peer that sends each to each: beyond that its clients here could not read as fast
SERVICES = 8  # make a snapshot of 4 KB
SIZE = 3_900  # bytes of the peers' updates
POSTS = 100  # a second, for their latency
SETTLE = 2.0  # seconds until connecting is over and done with


@dataclass(frozen=True)
class Cost:
    """What `WATCHERS` dashboards cost a server: CPU microseconds of a second, KB of memory each, and what they saw."""

    cpu: float
    memory: float
    seen: Seen


def rows(plan: Plan) -> list[Row]:
    seconds = max(6.0, plan.seconds * plan.repeat / 2)
    ours = _measure(service, "ws", seconds)
    busy = _measure(service, "ws", seconds, RATE)
    engine = _measure(service, "socketio", seconds)
    found = [
        *_against("an update to a WebSocket", ours, partial(peers.node, "ws", SIZE), "ws", seconds, 0, 1.0),
        *_against("an event to a WebSocket", busy, lambda: peers.node("ws", SIZE, RATE), "ws", seconds, RATE, 0.2),
        *_against("an update by Socket.IO", engine, partial(peers.node, "socketio", SIZE), "socketio", seconds, 0, 1.5),
        _limit("memory a WebSocket client", ours.memory, 55, "KB"),
        _limit("memory a Socket.IO client", engine.memory, 100, "KB"),
        _limit("from post to dashboard, mean", busy.seen.delay, 100, "ms"),
        Row("from post to dashboard, p99", f"{busy.seen.delay_p99:.0f} ms"),
    ]
    return [*found, _posts(seconds), *_many(seconds)]


def _against(
    what: str,
    ours: Cost,
    start: Callable[[], AbstractContextManager[Server]],
    protocol: str,
    seconds: float,
    rate: int,
    limit: float,
) -> list[Row]:
    mine = ours.cpu / WATCHERS / (rate or 1)
    try:
        its = _measure(start, protocol, seconds)
    except NotInstalledError as error:
        return [not_installed(what, str(error), "Node.js")]
    other = its.cpu / WATCHERS / (PEER_RATE if rate else 1)
    baseline = f"npm {'ws' if protocol == 'ws' else 'socket.io'}"
    return [
        Row(
            what,
            f"{mine:.1f} µs CPU",
            f"{rate or 1}/s",
            baseline,
            f"{other:.1f} µs CPU, {its.memory:.0f} KB",
            f"{PEER_RATE if rate else 1}/s",
            f"{mine / other:.2f} ×",
            f"≤ {limit:g} × its CPU",
            mine / other <= limit,
        )
    ]


def _limit(what: str, figure: float, most: float, unit: str) -> Row:
    return Row(what, f"{figure:.0f} {unit}", target=f"≤ {most:g} {unit}", reached=figure <= most)


def _measure(start: Callable[[], AbstractContextManager[Server]], protocol: str, seconds: float, rate: int = 0) -> Cost:
    with start() as server, server.awake():
        say(f"{server.name}, {WATCHERS:,} dashboards ({protocol}), {rate} events a second")
        if server.name == "the service":
            _acquaint(server)
        before = server.memory()
        with watching(server, protocol, WATCHERS, seconds + SETTLE) as watchers, _posting(server, rate):
            time.sleep(SETTLE)
            used, began = server.cpu(), time.monotonic()
            time.sleep(seconds - 0.5)
            used, took = server.cpu() - used, time.monotonic() - began
            memory = (server.memory() - before) * 1000 / WATCHERS
            seen = result(watchers)
        if seen.updates < seconds - 2 or seen.events < rate * (seconds - 2):
            raise BenchError(f"a dashboard saw {seen.updates} updates and {seen.events} events in {seconds:.0f} s")
        return Cost(used * 1e6 / took, memory, seen)


def _acquaint(server: Server) -> None:
    with Connection(server.port) as connection:
        for number in range(SERVICES):
            event = {"type": "request", "service": f"service-{number}", "data": {"endpoint": "/", "latency": 3}}
            connection.post("/events", orjson.dumps([event]))


@contextmanager
def _posting(server: Server, rate: int) -> Iterator[None]:
    """Post events at a steady rate for as long as the block lasts."""
    over = threading.Event()

    def post() -> None:
        with Connection(server.port) as connection:
            due = time.monotonic()
            while not over.is_set():
                event = {"type": "purchase", "service": "service-1", "data": {"sent": time.time()}}
                connection.post("/events", orjson.dumps(event))
                due += 1 / rate
                time.sleep(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=post)
    if rate:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if rate:
            thread.join()


def _posts(seconds: float) -> Row:
    """How long a post takes while all these watch."""
    with service() as ours, watching(ours, "ws", WATCHERS, seconds + 10):
        say(f"posts while {WATCHERS:,} dashboards watch")
        latency = openloop.run(ours, "/events", ONE_EVENT, POSTS, seconds)
    what = f"POST /events while {WATCHERS:,} dashboards watch"
    return Row(what, f"{latency.p99:.1f} ms p99", f"{POSTS}/s", target="< 50 ms", reached=latency.p99 < 50)


def _many(seconds: float) -> list[Row]:
    """As many as one worker should ever have."""
    with service() as ours:
        _acquaint(ours)
        say(f"{MANY:,} dashboards")
        before = ours.memory()
        with watching(ours, "ws", MANY, seconds + SETTLE) as watchers:
            time.sleep(SETTLE)
            used, began = ours.cpu(), time.monotonic()
            seen = result(watchers)
            share = (ours.cpu() - used) / (time.monotonic() - began)
            memory = (ours.memory() - before) * 1000 / MANY
    what = f"{MANY:,} dashboards, from one update to the next"
    rhythm = Row(what, f"{seen.rhythm:.0f} ms p99", target="< 1200 ms", reached=0 < seen.rhythm < 1200)
    return [rhythm, Row(f"{MANY:,} dashboards", f"{share:.0%} of a core, {memory:.0f} KB each")]
