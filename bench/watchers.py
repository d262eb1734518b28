"""Many dashboards that read all messages, in a separate process.

`python -m bench.watchers PORT PROTOCOL COUNT SECONDS`: connects, says "ready" on standard output, reads for so long,
and prints as JSON what came. Time stamps in the events' data (`"sent":` with the wall clock) give the delays.
"""

import os
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson

from bench.servers import ROOT, BenchError, Server

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + "A" * 22 + "==\r\n\r\n"
)
PATHS = {"ws": "/ws/dashboard", "socketio": "/socket.io/?EIO=4&transport=websocket"}
CONNECT = b"\x81\x82\0\0\0\x0040"  # Socket.IO's CONNECT in a masked frame
PINGS = {"ws": (b"\x89\0", b"\x8a\x80\0\0\0\0"), "socketio": (b"\x81\x012", b"\x81\x81\0\0\0\x003")}
"""Pings of the servers, whose bytes are unique, and the answers: without them, clients are disconnected."""
UPDATE, EVENT = b'"dashboard_update",', b'"type":"event","seq":'
SENT = re.compile(EVENT + rb'\d+,"data":{[^}]*"sent":([0-9.]+)')
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Seen:
    """Messages that all watchers received: updates and events (the minimum of all watchers), and milliseconds.

    `delay` is from post to watcher, as mean and 99th percentile; `rhythm` is the 99th percentile of the time between
    two updates.
    """

    updates: int
    events: int
    delay: float
    delay_p99: float
    rhythm: float


@dataclass
class Watcher:
    """One connection, and what it has received."""

    tells_delays: bool  # only for some watchers, as it takes time
    updates: int = 0
    events: int = 0
    last: float = 0.0
    end: bytes = b""
    gaps: list[float] = field(default_factory=list)


@contextmanager
def watching(server: Server, protocol: str, count: int, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """`count` dashboards, connected within the block; `result` waits for what they received."""
    command = [sys.executable, "-m", "bench.watchers", str(server.port), protocol, str(count), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise BenchError("the watchers could not connect")
        yield process
    finally:
        process.kill()
        process.communicate()


def result(process: "subprocess.Popen[bytes]") -> Seen:
    """Wait for the end of the watchers; returns what they received."""
    output, errors = process.communicate(timeout=120)
    if process.returncode != 0:
        raise BenchError(f"the watchers failed: {errors.decode().strip()[-300:]}")
    return Seen(**orjson.loads(output))


def _main(port: int, protocol: str, count: int, seconds: float) -> None:
    os.nice(10)  # a measurement of delays must not wait for this process
    selector = selectors.DefaultSelector()
    ping, pong = PINGS[protocol]
    watchers: dict[int, tuple[socket.socket, Watcher]] = {}
    for number in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(UPGRADE.format(path=PATHS[protocol]).encode())
        if not connection.recv(CHUNK).startswith(b"HTTP/1.1 101"):
            sys.exit("no WebSocket")
        if protocol == "socketio":
            connection.sendall(CONNECT)
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
        watchers[connection.fileno()] = connection, Watcher(number % 20 == 0)
    os.write(1, b"ready\n")
    delays: list[float] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            connection, watcher = watchers[key.fd]
            data = connection.recv(CHUNK)
            if not data:
                sys.exit("a watcher was cut off")
            if ping in data:
                connection.sendall(pong)
            _look(watcher, data, delays)
    delays.sort()
    gaps = sorted(gap for _, watcher in watchers.values() for gap in watcher.gaps)
    seen = Seen(
        min(watcher.updates for _, watcher in watchers.values()),
        min(watcher.events for _, watcher in watchers.values()),
        sum(delays) / len(delays) if delays else 0.0,
        delays[int(len(delays) * 0.99)] if delays else 0.0,
        gaps[int(len(gaps) * 0.99)] * 1000 if gaps else 0.0,
    )
    print(orjson.dumps(seen).decode())


def _look(watcher: Watcher, data: bytes, delays: list[float]) -> None:
    joined = watcher.end + data
    watcher.end = data[1 - len(UPDATE) :]
    updates = joined.count(UPDATE)
    watcher.updates += updates
    watcher.events += joined.count(EVENT)
    if updates:
        now = time.monotonic()
        if watcher.last:
            watcher.gaps.append(now - watcher.last)
        watcher.last = now
    sent = SENT.search(data) if watcher.tells_delays else None
    if sent:
        delays.append((time.time() - float(sent[1])) * 1000)


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
