"""Receives from a WebSocket client without waking a greenlet for pongs.

Most dashboards never send anything else, and a wake-up would cost as much as a few updates.
"""

import socket
from collections.abc import Callable

import gevent
from gevent.event import AsyncResult

EMPTY_PONG = b"\x8a\x80"
PONG_SIZE = len(EMPTY_PONG) + 4
"""Size of an empty pong with its mask, which the client chooses."""
READ_EVENT = 1


def receive_skipping_pongs(raw: socket.socket, size: int, on_pong: Callable[[], None]) -> bytes:
    """Receive up to `size` bytes that are not exactly one empty pong; none when the connection is closed.

    Args:
        raw: a socket that does not block.
        on_pong: called for each pong.
    """
    received: AsyncResult[bytes] = AsyncResult()

    def receive() -> None:
        try:
            data = raw.recv(size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if len(data) == PONG_SIZE and data.startswith(EMPTY_PONG):
            on_pong()
        else:
            watcher.stop()
            received.set(data)

    watcher = gevent.get_hub().loop.io(raw.fileno(), READ_EVENT)
    try:
        watcher.start(receive)
        data: bytes = received.get()
        return data
    finally:
        watcher.stop()
        watcher.close()
