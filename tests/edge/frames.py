"""A WebSocket client on a raw socket: it can send any bytes, and checks every frame and message that it receives."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.edge.wire import head
from tests.server import Server

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The answer to that key, from RFC 6455, 1.3."""
TOLD, ANSWERS = {"snapshot", "dashboard_update", "event"}, {"subscribed", "pong", "error"}
GONE = (ConnectionResetError, BrokenPipeError)

Message = dict[str, Any]


class Frame(NamedTuple):
    opcode: int
    payload: bytes


def frame(payload: bytes = b"", opcode: int = TEXT, bits: int = FIN, key: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """A masked frame as a client sends it (RFC 6455, 5.2)."""
    size = len(payload)
    short = size if size < 126 else 126 if size < 65_536 else 127
    length = b"" if size < 126 else struct.pack("!H" if size < 65_536 else "!Q", size)
    mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    masked = (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")
    return bytes((bits | opcode, 0x80 | short)) + length + key + masked


def frames_in(buffer: bytearray) -> Iterator[Frame]:
    """Remove the complete frames from the front of `buffer`; invalid ones fail the test."""
    while len(buffer) >= 2:
        first, size, start = buffer[0], buffer[1], 2
        assert first & 0xF0 == FIN, f"fragmented, or with reserved bits: {bytes(buffer[:20])!r}"
        assert first & 0x0F in (TEXT, CLOSE, PING, PONG), bytes(buffer[:20])
        assert size < 0x80, "a server must not mask"
        if size >= 126:
            assert first & 0x08 == 0, "control frames have at most 125 bytes"
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return
            size = int.from_bytes(buffer[2:start], "big")
            assert size >= (126 if start == 4 else 65_536), "lengths use the shortest form"
            assert size < 64 * 1024 * 1024, size
        if len(buffer) < start + size:
            return
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        yield Frame(first & 0x0F, payload)


class Live:
    """A connection to /ws/dashboard; a context manager that resets it at its end.

    `seq` is the greatest sequence number received, `dropped` the number of events reported as dropped, `events` the
    number received, `close` the code it was closed with, `over` whether the connection has ended.

    Args:
        query: options, in the form of a query string.
        receive_buffer: bytes that the system may hold for it; a small one is soon full.
    """

    def __init__(self, server: Server, query: str = "", *headers: str, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(20)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", server.port))
        path = f"/ws/dashboard?{query}" if query else "/ws/dashboard"
        self.socket.sendall(head(server, path, *UPGRADE, *headers, method="GET"))
        self.headers: dict[str, str] = {}
        self.pongs: list[bytes] = []
        self.seq = self.dropped = self.events = 0
        self.close: int | None = None
        self.over = False
        self.answers_pings = False
        """Set it for one that stays connected for long."""
        self._buffer = bytearray()
        self._messages: list[Message] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def fileno(self) -> int:
        return self.socket.fileno()

    def vanish(self) -> None:
        """Drop the connection without a close: the peer gets a reset when it sends."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def say(self, message: Any) -> None:
        """Send a message as JSON."""
        self.socket.sendall(frame(json.dumps(message).encode()))

    def receive(self, size: int = 1 << 20) -> list[Message]:
        """The messages completed by the next bytes; none if the connection has ended."""
        try:
            data = self.socket.recv(size)
        except GONE:
            data = b""
        self.over = not data
        self._buffer += data
        if not self.headers and not self._shake():
            return []
        messages = []
        for opcode, payload in frames_in(self._buffer):
            assert self.close is None, "data after Close"
            if opcode == CLOSE:
                self.close = int.from_bytes(payload[:2], "big")
                payload[2:].decode()
            elif opcode == PONG:
                self.pongs.append(payload)
            elif opcode == PING and self.answers_pings:
                self.socket.sendall(frame(payload, PONG))
            elif opcode == TEXT:
                messages.append(self._judge(json.loads(payload.decode())))
        return messages

    def next(self) -> Message:
        """The next message."""
        while not self._messages:
            self._messages = self.receive()
            assert self._messages or not self.over, f"closed with {self.close}"
        return self._messages.pop(0)

    def until(self, wanted: Callable[[Message], bool], seconds: float = 20) -> list[Message]:
        """The next messages, up to the first for which `wanted` is true."""
        deadline = time.monotonic() + seconds
        messages = [self.next()]
        while not wanted(messages[-1]):
            assert time.monotonic() < deadline, f"not within {seconds} s; the last message was {messages[-1]}"
            messages.append(self.next())
        return messages

    def read_to_the_end(self, seconds: float = 20) -> int | None:
        """Wait for the end of the connection; returns its close code."""
        deadline = time.monotonic() + seconds
        while not self.over:
            assert time.monotonic() < deadline, f"still open after {seconds} s"
            self.receive()
        return self.close

    def _shake(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status, *lines = self._buffer[:end].decode().split("\r\n")
        del self._buffer[: end + 4]
        assert status.split()[1] == "101", status
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert self.headers["sec-websocket-accept"] == ACCEPT
        return True

    def _judge(self, message: Message) -> Message:
        kind, members = message["type"], set(message) - {"type", "dropped"}
        self.dropped += message.get("dropped", 0)
        if kind in ANSWERS:
            assert members == {"data"}, message
            return message
        assert kind in TOLD, message
        assert members in ({"seq", "data"}, {"seq", "patch"}, {"seq", "data", "gap"}), message
        assert message["seq"] >= self.seq, f"{message['seq']} after {self.seq}"
        self.seq = message["seq"]
        self.events += kind == "event"
        return message


def is_event(kind: str) -> Callable[[Message], bool]:
    """A function that returns whether a message is an event of the type `kind`."""
    return lambda message: message["type"] == "event" and message["data"]["type"] == kind


def is_update(message: Message) -> bool:
    """Whether a message is an update of the dashboard."""
    return bool(message["type"] == "dashboard_update")
