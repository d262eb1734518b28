"""Frames: the messages between the server and the store process, over one socket for each request."""

import socket
import struct
from typing import Any

import msgspec

REQUEST, PIECE, END, FAILURE = b"r", b"d", b"e", b"f"
"""Kinds of frames: a request, a piece of its answer, the end of the answer, or why there is none.

A request is a `StoreRequest` as JSON. A body of it is in a file whose descriptor comes with that of the socket.
"""
MAX_FRAME = 64 * 1024 * 1024
_HEAD = struct.Struct("<cI")


class StoreRequest(msgspec.Struct, frozen=True):
    """A request to the store process.

    Attributes:
        op: the operation, by its name in the table.
        args: its arguments.
        position: the answer covers all entries of the log up to this one; 0 for whatever is known.
        seconds: how long it may take.
    """

    op: str
    args: dict[str, Any]
    position: int = 0
    seconds: float = 30.0


class AnswerFailure(msgspec.Struct, frozen=True):
    """The reason for which a request has no answer: a code and a message, as in the server's error answers."""

    code: str
    message: str


def send_frame(connection: socket.socket, kind: bytes, body: bytes = b"") -> None:
    """Send one frame.

    Raises:
        OSError: the other end is gone.
    """
    connection.sendall(_HEAD.pack(kind, len(body)) + body)


def read_frame(connection: socket.socket) -> tuple[bytes, bytes]:
    """Wait for the next frame; returns its kind and body.

    Raises:
        EOFError: the other end is gone.
        OSError: the connection failed.
    """
    kind, length = _HEAD.unpack(_read(connection, _HEAD.size))
    if length > MAX_FRAME:
        raise EOFError(f"a frame of {length} bytes")
    return kind, _read(connection, length)


def _read(connection: socket.socket, length: int) -> bytes:
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError("the other end is gone")
        view = view[count:]
    return bytes(buffer)
