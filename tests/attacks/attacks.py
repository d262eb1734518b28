"""Attacks on a running server: `python -m tests.attacks.attacks NAME PORT COUNT` attacks until it is killed."""

import gzip
import json
import os
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import count
from pathlib import Path
from threading import Thread

import zstandard

ROOT = Path(__file__).parents[2]
TIMEOUT = 10
MIB = 1024 * 1024
JSON = "Content-Type: application/json"
CHUNKED = (JSON, "Transfer-Encoding: chunked")
POLLING = "/socket.io/?EIO=4&transport=polling"
UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
Attack = Callable[[int, int], None]
"""Attacks the port with so many connections until it is killed."""


def head(method: str, path: str, *lines: str) -> bytes:
    """The head of a request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode()


def post(path: str, body: bytes, *lines: str, media_type: str = JSON) -> bytes:
    """A whole POST."""
    return head("POST", path, media_type, f"Content-Length: {len(body)}", *lines) + body


def opened(port: int, data: bytes = b"", buffer: int = 0) -> socket.socket:
    """A connection on which `data` was sent; `buffer` is the size of its receive buffer."""
    connection = socket.socket()
    if buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(TIMEOUT)
    with suppress(OSError):
        connection.connect(("127.0.0.1", port))
        connection.sendall(data)
    return connection


@cache
def begun() -> None:
    """Tell `attacking` that the attack has begun."""
    sys.stdout.write("begun\n")
    sys.stdout.flush()


def hold(start: bytes, drip: bytes, pause: float, port: int, number: int) -> None:
    """Keep `number` connections open, each of which sends `start` and then `drip` after each pause."""
    connections = [opened(port, start) for _ in range(number)]
    begun()
    while True:
        time.sleep(pause)
        for place, connection in enumerate(connections):
            try:
                connection.setblocking(False)
                if drip:
                    connection.send(drip)
                with suppress(BlockingIOError):
                    if not connection.recv(CHUNK):
                        raise ConnectionError
            except OSError:
                connection.close()
                connections[place] = opened(port, start)


CHUNK = 64 * 1024


def stream(start: bytes, endless: bytes, port: int, number: int) -> None:
    """Send `start` and then `endless` again and again, at full speed, on each of `number` connections."""

    def send() -> None:
        while True:
            connection = opened(port, start)
            begun()
            with suppress(OSError):
                while True:
                    connection.sendall(endless)
            connection.close()

    together(send, number)


def repeat(requests: Callable[[], Iterator[bytes]], port: int, number: int) -> None:
    """Send requests one after another, each on `number` connections, and read the answers."""

    def send() -> None:
        while True:
            for request in requests():
                connection = opened(port, request)
                begun()
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(MIB):
                        pass
                connection.close()

    together(send, number)


def together(attack: Callable[[], None], number: int) -> None:
    """Run `attack` in `number` threads."""
    threads = [Thread(target=attack, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def bombs() -> Iterator[bytes]:
    """100 MiB of zeros, and a body that is just too large, in each encoding."""
    for size in (100 * MIB, 11 * MIB):
        plain = bytes(size)
        raw = zlib.compressobj(9, wbits=-15)
        for encoding, packed in (
            ("gzip", gzip.compress(plain, 9)),
            ("deflate", zlib.compress(plain, 9)),
            ("deflate", raw.compress(plain) + raw.flush()),
            ("zstd", zstandard.ZstdCompressor(19).compress(plain)),
        ):
            yield post("/events", packed, f"Content-Encoding: {encoding}")
    blanks = b'{"type":"a","service":"s"}' + b" " * (10 * MIB - 100)
    yield post("/events", gzip.compress(blanks), "Content-Encoding: gzip")
    yield post("/events", gzip.compress(b"[" * (10 * MIB - 100)), "Content-Encoding: gzip")


def documents() -> Iterator[bytes]:
    """JSON that is deep, or has huge numbers, keys and texts."""
    deep = 5_000_000
    number = b"9" * MIB
    for data in (
        b'{"a":' * (deep // 5) + b"1" + b"}" * (deep // 5),
        b"[" * deep + b"]" * deep,
        b'{"n":' + number + b"}",
        b'{"n":1e' + number + b"}",
        b'{"n":0.' + number + b"}",
        b'{"n":-' + b"1e308," * 100_000 + b"0}",
        b'{"' + b"k" * 8 * MIB + b'":1}',
        b'{"k":"' + b"\\u0000" * MIB + b'"}',
        b'{"k":"' + b"\\ud800" * MIB + b'"}',
        b"{" + b",".join(b'"%d":1' % n for n in range(500_000)) + b"}",
        b"[" + b"0," * (4 * MIB) + b"0]",
    ):
        yield post("/events", b'{"type":"a","service":"s","data":' + data + b"}")
        yield post("/metrics", b'{"name":"a","value":' + data + b"}")
        yield post("/events", data)
    for value in (b"1e400", b"-1e400", number, b"0." + number, b"1e-" + number):
        yield post("/metrics", b'{"name":"a","value":' + value + b"}")
        yield post("/heartbeat", b'{"service":"a","status":"healthy","metrics":{"n":' + value + b"}}")


def batches() -> Iterator[bytes]:
    """Full batches in which every item is wrong, each in another way."""
    wrong = [
        {"type": "a"},
        {"type": "a", "service": "s", "more": 1},
        {"type": "x" * 200, "service": "s"},
        {"type": "a", "service": "s", "timestamp": "tomorrow"},
        {"type": "a", "service": "s", "data": [1]},
        {"type": "a", "service": "s", "timestamp": "2999-01-01T00:00:00Z"},
        {str(n): n for n in range(50)},
        7,
        None,
    ]
    for item in wrong:
        yield post("/events", json.dumps([item] * 10_000).encode())
    yield post("/metrics", json.dumps([{"name": "a", "value": "no"}] * 10_000).encode())
    yield post("/events", b"\n".join([b"{"] * 10_000), media_type="Content-Type: application/x-ndjson")


def collisions() -> Iterator[bytes]:
    """Keys and names whose hashes are the same in Python without randomization, or in simpler hash functions."""
    same = ["".join(("Aa", "BB")[n >> bit & 1] for bit in range(13)) for n in range(8_192)]
    numbers = [str(n * (2**61 - 1)) for n in range(20_000)]
    for keys in (same, numbers):
        half = len(keys) // 10
        data = dict.fromkeys(keys[:half], 1)
        yield post("/events", json.dumps({"type": "a", "service": "s", "data": data}).encode())
        items = [{"type": "a", "service": "s", "user_id": key, "id": key} for key in keys[:8_000]]
        yield post("/events", json.dumps(items).encode())
        metrics = [{"name": "flood", "value": 1, "tags": {"k": key}} for key in keys[:8_000]]
        yield post("/metrics", json.dumps(metrics).encode())


def names() -> Iterator[bytes]:
    """Batches of records with new services, types, endpoints, users, metrics and tags."""
    for start in count(0, 1_000):
        numbers = range(start, start + 1_000)
        data = {"status": 200, "latency": 5}
        events = [
            {"type": f"t{n}", "service": f"s{n}", "user_id": f"u{n}", "data": {**data, "endpoint": f"/e/{n}"}}
            for n in numbers
        ]
        requests = [{**event, "type": "request", "service": "flooded"} for event in events]
        metrics = [{"name": f"m{n}", "value": n, "tags": {f"k{n}": f"v{n}", "service": "flooded"}} for n in numbers]
        tagged = [{"name": "tagged", "value": n, "tags": {"k": f"v{n}"}} for n in numbers]
        yield post("/events", json.dumps(events).encode())
        yield post("/events", json.dumps(requests).encode())
        yield post("/metrics", json.dumps(metrics).encode())
        yield post("/metrics", json.dumps(tagged).encode())
        for n in numbers[:5]:
            yield post("/heartbeat", b'{"service":"flooded","instance":"i%d","status":"healthy"}' % n)


def reads() -> Iterator[bytes]:
    """The most expensive reads: the largest limits, ranges and steps, and filters that match nothing."""
    far = "from=2000-01-01T00:00:00Z&to=2999-01-01T00:00:00Z"
    for path in (
        "/events?limit=1000",
        "/events?q=" + "a%00" * 60,
        "/events?q=" + "aaaaaaaaab" * 25,
        "/events?q=%5Cu00e9&limit=1000",
        "/events?since=2000-01-01T00:00:00Z&until=2999-01-01T00:00:00Z&user_id=nobody",
        "/events?limit=100000000000000000000",
        "/events?cursor=9223372036854775807&limit=1000",
        "/errors?limit=1000",
        "/stats/hourly?hours=2160",
        "/stats/daily?days=3650",
        "/services",
        "/services/flooded/metrics",
        "/services/flooded/history?limit=1000",
        "/metrics",
        "/stats",
        "/dashboard",
        *(
            f"/series?name={name}&agg={agg}&{span}"
            for name in ("requests", "latency", "events", "tagged&tag.k=v1", "tagged&tag.zone=z")
            for agg in ("p99", "sum", "unique")
            for span in (far, "step=1", "step=60", "step=7776000", f"{far}&step=86400", f"{far}&step=1")
        ),
    ):
        yield head("GET", path, "Connection: close")


def polls() -> Iterator[bytes]:
    """What dashboards poll, and Socket.IO sessions that are never used."""
    for path in ("/dashboard", "/stats", "/services", "/health", "/", "/metrics", "/openapi.json", POLLING, POLLING):
        yield head("GET", path, "Connection: close")


def exports(port: int, number: int) -> None:
    """Keep `number` exports open, half of which are received slowly and half of which not at all."""
    start = head("GET", "/export/events?format=csv&q=a", "Accept-Encoding: gzip", "Connection: close")
    never = [opened(port, start, 4_096) for _ in range(number // 2)]
    hold(start, b"", 1, port, number - len(never))


def silent_readers(port: int, number: int) -> None:
    """Connections that request much and receive nothing."""
    requests = (
        head("GET", "/export/events"),
        head("GET", "/events?limit=1000") * 50,
        head("GET", "/ws/dashboard", *UPGRADE),
        head("GET", "/socket.io/?EIO=4&transport=websocket", *UPGRADE),
    )
    connections = [opened(port, request, 4_096) for request in requests for _ in range(number // len(requests))]
    begun()
    while connections:
        time.sleep(1)


BODY = b'{"type":"a","service":"s","data":{"x":"'
ATTACKS: dict[str, Attack] = {
    "slow headers": partial(hold, b"GET /health HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n", 0.1),
    "large headers, byte by byte": partial(
        hold, b"GET /health HTTP/1.1\r\n" + b"Header: %b\r\n" % (b"x" * 8000) * 7, b"x", 0.002
    ),
    "slow bodies": partial(hold, head("POST", "/events", JSON, "Content-Length: 30000") + BODY, b"x", 0.1),
    "slow chunks": partial(hold, head("POST", "/events", *CHUNKED), b"1\r\nx\r\n", 0.1),
    "large bodies that stop": partial(
        hold, head("POST", "/events", JSON, f"Content-Length: {10 * MIB}") + BODY + b"x" * (10 * MIB - 100), b"", 0.1
    ),
    "endless chunks": partial(stream, head("POST", "/events", *CHUNKED), b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    "endless chunks to no path": partial(
        stream, head("POST", "/nowhere", *CHUNKED), b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    ),
    "chunks of one byte": partial(stream, head("POST", "/events", *CHUNKED), b"1\r\nx\r\n" * 20_000),
    "long chunk extensions": partial(
        stream, head("POST", "/events", *CHUNKED), (b"1;" + b"a" * 8_000 + b"\r\nx\r\n") * 20
    ),
    "endless trailers": partial(stream, head("POST", "/events", *CHUNKED) + b"0\r\n", b"a: b\r\n" * 10_000),
    "endless length": partial(stream, head("POST", "/events", JSON, f"Content-Length: {10**15}"), b"x" * MIB),
    "endless requests": partial(stream, b"", head("GET", "/health") * 1_000),
    "bombs": partial(repeat, bombs),
    "documents": partial(repeat, documents),
    "wrong batches": partial(repeat, batches),
    "collisions": partial(repeat, collisions),
    "names": partial(repeat, names),
    "reads": partial(repeat, reads),
    "polls": partial(repeat, polls),
    "silent connections": partial(hold, b"", b"", 1),
    "idle connections": partial(hold, head("GET", "/health/live"), b"", 1),
    "exports": exports,
    "silent readers": silent_readers,
}


@contextmanager
def attacking(name: str, port: int, number: int) -> Iterator[None]:
    """Attack a port from another process, which has begun when the block is entered."""
    command = [sys.executable, "-m", "tests.attacks.attacks", name, str(port), str(number)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    os.nice(10)  # the well-behaved client must not wait for the attacker's own work
    ATTACKS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
