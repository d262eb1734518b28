"""Many dashboards that read what they are sent, in a process of its own.

`python -m bench.watchers PORT COUNT SECONDS`: connects, says "ready" on standard output, reads for so long, and prints
as JSON what came. Time stamps in the events' data (`"sent":` with the wall clock) give the delays.
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
from dataclasses import dataclass

import orjson

from bench.servers import ROOT, BenchError, Server

HANDSHAKE = (
    "GET /ws/dashboard HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + "A" * 22 + "==\r\n\r\n"
)
UPDATE, EVENT = b'"type":"dashboard_update"', b'"type":"event","seq":'
SENT = re.compile(EVENT + rb'\d+,"data":{[^}]*"sent":([0-9.]+)')
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Seen:
    """What all watchers saw: updates and events (the fewest of any watcher), and milliseconds from post to watcher."""

    updates: int
    events: int
    mean: float
    p99: float


@contextmanager
def watching(server: Server, count: int, seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """`count` dashboards that are connected when the block begins; `result` waits for what they saw."""
    command = [sys.executable, "-m", "bench.watchers", str(server.port), str(count), str(seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise BenchError("the watchers could not connect")
        yield process
    finally:
        process.kill()
        process.communicate()


def result(process: "subprocess.Popen[bytes]") -> Seen:
    """What they saw, once their time is over."""
    output, errors = process.communicate(timeout=120)
    if process.returncode != 0:
        raise BenchError(f"the watchers failed: {errors.decode().strip()[-300:]}")
    return Seen(**orjson.loads(output))


def _main(port: int, count: int, seconds: float) -> None:
    selector = selectors.DefaultSelector()
    updates: dict[socket.socket, int] = {}
    events: dict[socket.socket, int] = {}
    ends: dict[socket.socket, bytes] = {}
    for _ in range(count):
        watcher = socket.create_connection(("127.0.0.1", port))
        watcher.sendall(HANDSHAKE.encode())
        if not watcher.recv(CHUNK).startswith(b"HTTP/1.1 101"):
            sys.exit("no WebSocket")
        watcher.setblocking(False)
        selector.register(watcher, selectors.EVENT_READ)
        updates[watcher] = events[watcher] = 0
    os.write(1, b"ready\n")
    delays: list[float] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            watcher = key.fileobj
            assert isinstance(watcher, socket.socket)
            data = watcher.recv(CHUNK)
            now = time.time()
            if not data:
                sys.exit("a watcher was cut off")
            updates[watcher] += data.count(UPDATE)
            events[watcher] += (ends.get(watcher, b"") + data).count(EVENT)
            ends[watcher] = data[1 - len(EVENT) :]
            sent = SENT.search(data)
            if sent:
                delays.append((now - float(sent[1])) * 1000)
    delays.sort()
    seen = Seen(min(updates.values()), min(events.values()), sum(delays) / len(delays), delays[int(len(delays) * 0.99)])
    print(orjson.dumps(seen).decode())


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
