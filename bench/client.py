"""One keep-alive HTTP connection over a plain socket, so that the client adds little to the measurement."""

import socket
import time
from types import TracebackType
from typing import NamedTuple, Self

TIMEOUT = 30.0  # seconds


class Answer(NamedTuple):
    status: int
    body: bytes


def encode(method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if method != "GET":
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Connection:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> Answer:
        """The answer to an encoded request; ConnectionError if the server closes the connection."""
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = _content_length(head)
        parts, missing = [body], length - len(body)
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        return Answer(int(head[9:12]), b"".join(parts))

    def get(self, path: str) -> Answer:
        return self.send(encode("GET", path))

    def post(self, path: str, body: bytes) -> Answer:
        return self.send(encode("POST", path, body))

    def timed(self, request: bytes) -> tuple[float, Answer]:
        """Milliseconds until the complete answer, and the answer."""
        started = time.perf_counter()
        answer = self.send(request)
        return (time.perf_counter() - started) * 1000, answer

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
