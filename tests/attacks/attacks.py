"""Attacks on a running server: `python -m tests.attacks.attacks NAME PORT COUNT` attacks until it is killed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from threading import Thread

from tests.attacks.payloads import JSON, MIB, batches, bombs, collisions, documents, head, names, polls, reads, texts
from tests.attacks.question_payloads import queries, questions, searches, statements
from tests.attacks.record_payloads import record_questions, records, wrong_records

ROOT = Path(__file__).parents[2]
TIMEOUT = 10
CHUNKED = (JSON, "Transfer-Encoding: chunked")
UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
Attack = Callable[[int, int], None]
"""Attacks the port with so many connections until it is killed."""


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


def exports(port: int, number: int) -> None:
    """Keep `number` exports open, half of which are received slowly and half of which not at all."""
    start = head("GET", "/export/events?format=csv&q=a", "Accept-Encoding: gzip", "Connection: close")
    never = [opened(port, start, 4_096) for _ in range(number // 2)]
    hold(start, b"", 1, port, number - len(never))


def silent_readers(port: int, number: int) -> None:
    """Keep connections open that request much and receive nothing."""
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
    "texts": partial(repeat, texts),
    "reads": partial(repeat, reads),
    "polls": partial(repeat, polls),
    "PromQL queries": partial(repeat, queries),
    "searches": partial(repeat, searches),
    "questions": partial(repeat, questions),
    "statements": partial(repeat, statements),
    "wrong records": partial(repeat, wrong_records),
    "records": partial(repeat, records),
    "record questions": partial(repeat, record_questions),
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
    os.nice(10)  # so that the well-behaved client does not wait for the attacker's work
    ATTACKS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
