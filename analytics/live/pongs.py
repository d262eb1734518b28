"""Waits until a client says more than that it is still there.

Most dashboards never do. Their answers to pings are read without waking the greenlet that waits, which would cost as
much as a few updates.
"""

import socket
from collections.abc import Callable

import gevent
from gevent.event import AsyncResult

PING = b"\x89\0"
PONG = b"\x8a\x80\0\0\0\0"
"""The answer to it, but for the mask, which is the client's choice."""
READABLE = 1


def first_word(raw: socket.socket, size: int, ponged: Callable[[], None]) -> bytes:
    """The first bytes, of at most `size`, that are no whole pong; none when the connection is over.

    Args:
        raw: does not block.
        ponged: is called for each pong.
    """
    word: AsyncResult[bytes] = AsyncResult()

    def look() -> None:
        try:
            data = raw.recv(size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if len(data) == len(PONG) and data.startswith(PONG[:2]):
            ponged()
        else:
            watcher.stop()
            word.set(data)

    watcher = gevent.get_hub().loop.io(raw.fileno(), READABLE)
    try:
        watcher.start(look)
        said: bytes = word.get()
        return said
    finally:
        watcher.stop()
        watcher.close()
