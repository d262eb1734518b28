"""Many dashboards on one worker, beside npm's ws and socket.io with the same load."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

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
PEER_RATE = 20  # the same for a peer, which sends every event separately: its clients could not read more
SERVICES = 8  # make a snapshot of 4 KB
SIZE = 3_900  # bytes of the peers' updates
POSTS = 100  # a second, for their latency
SLICES = 5
SETTLE = 2.0  # seconds after connecting until the load is steady


@dataclass(frozen=True)
class Cost:
    """The cost of `WATCHERS` dashboards: CPU microseconds in each slice of a second, KB each, and messages."""

    cpu: list[float]
    memory: float
    seen: Seen


def rows(plan: Plan) -> list[Row]:
    seconds = max(9.0, plan.seconds * plan.repeat / 2)
    plain, update = _beside("an update to a WebSocket", "ws", "ws", seconds, 0, 1.0)
    _, event = _beside("an event to a WebSocket", "ws", "ws", seconds, RATE, 0.2)
    engine, packet = _beside("an update by Socket.IO", "socketio", "socket.io", seconds, 0, 1.5)
    return [
        update,
        event,
        packet,
        _limit("memory a WebSocket client", plain.memory, 55, "KB"),
        _limit("memory a Socket.IO client", engine.memory, 100, "KB"),
        *_delay(seconds),
        _posts(seconds),
        *_many(seconds),
    ]


def _beside(what: str, protocol: str, package: str, seconds: float, rate: int, limit: float) -> tuple[Cost, Row]:
    """Ours and npm's at the same time, each with its own watchers: other load on the machine affects both alike."""
    with ExitStack() as stack:
        servers = [stack.enter_context(service())]
        _introduce(servers[0])
        missing = None
        try:
            servers.append(stack.enter_context(peers.node(protocol, SIZE, PEER_RATE if rate else 0)))
        except NotInstalledError as error:
            missing = str(error)
        say(f"{what}: {' and '.join(server.name for server in servers)}, {WATCHERS:,} dashboards each")
        before = [server.memory() for server in servers]
        watchers = [stack.enter_context(watching(server, protocol, WATCHERS, seconds + 20)) for server in servers]
        stack.enter_context(_posting(servers[0], rate))
        time.sleep(SETTLE)
        slices: list[list[float]] = [[] for _ in servers]
        for _ in range(SLICES):
            used, began = [server.busy() for server in servers], time.monotonic()
            time.sleep(seconds / SLICES)
            took = time.monotonic() - began
            for found, server, earlier in zip(slices, servers, used, strict=True):
                found.append((server.busy() - earlier) * 1e6 / took)
        sizes = [server.memory() - earlier for server, earlier in zip(servers, before, strict=True)]
        seen = [result(process) for process in watchers]
    ours, *its = [Cost(cpu, size * 1000 / WATCHERS, saw) for cpu, size, saw in zip(slices, sizes, seen, strict=True)]
    if ours.seen.updates < seconds or ours.seen.events < rate * seconds:
        raise BenchError(f"a dashboard saw {ours.seen.updates} updates and {ours.seen.events} events")
    if missing:
        return ours, not_installed(what, missing, "Node.js")
    return ours, _row(what, package, ours, its[0], rate, limit)


def _row(what: str, package: str, ours: Cost, its: Cost, rate: int, limit: float) -> Row:
    mine, other = WATCHERS * (rate or 1), WATCHERS * (PEER_RATE if rate else 1)
    ratio = median(cpu / its_cpu for cpu, its_cpu in zip(ours.cpu, its.cpu, strict=True)) * other / mine
    return Row(
        what,
        f"{median(ours.cpu) / mine:.1f} µs CPU",
        f"{rate or 1}/s",
        f"npm {package}",
        f"{median(its.cpu) / other:.1f} µs CPU, {its.memory:.0f} KB",
        f"{PEER_RATE if rate else 1}/s",
        f"{ratio:.2f} ×",
        f"≤ {limit:g} × its CPU",
        ratio <= limit,
    )


def _limit(what: str, figure: float, most: float, unit: str) -> Row:
    return Row(what, f"{figure:.0f} {unit}", target=f"≤ {most:g} {unit}", reached=figure <= most)


def _introduce(server: Server) -> None:
    with Connection(server.port) as connection:
        for number in range(SERVICES):
            event = {"type": "request", "service": f"service-{number}", "data": {"endpoint": "/", "latency": 3}}
            connection.post("/events", orjson.dumps([event]))


@contextmanager
def _posting(server: Server, rate: int) -> Iterator[None]:
    """Post events at a constant rate within the block."""
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


def _delay(seconds: float) -> list[Row]:
    """The time of an event from its post to a dashboard."""
    with service() as ours, watching(ours, "ws", WATCHERS, seconds) as watchers:
        say(f"{RATE} events a second to {WATCHERS:,} dashboards")
        with _posting(ours, RATE):
            seen = result(watchers)
    return [
        Row("from post to dashboard", f"{seen.delay:.0f} ms mean, {seen.delay_p99:.0f} ms p99", f"{RATE}/s"),
    ]


def _posts(seconds: float) -> Row:
    """The latency of posts with all these dashboards connected."""
    with service() as ours, watching(ours, "ws", WATCHERS, seconds + 10):
        say(f"posts while {WATCHERS:,} dashboards watch")
        latency = openloop.run(ours, "/events", ONE_EVENT, POSTS, seconds)
    what = f"POST /events while {WATCHERS:,} dashboards watch"
    return Row(what, f"{latency.p99:.1f} ms p99", f"{POSTS}/s", target="< 50 ms", reached=latency.p99 < 50)


def _many(seconds: float) -> list[Row]:
    """The maximum number of dashboards for one worker."""
    with service() as ours:
        _introduce(ours)
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
