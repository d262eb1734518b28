"""A socket whose sends are whole: the WebSocket library sends once and does not look how much went out."""

import contextlib
import socket
from typing import Any

import gevent
from gevent.lock import RLock

STUCK_AFTER = 10.0
"""Seconds in which a client must take what it is sent."""


class WholeSender:
    """Stands in for a connection's socket; all else goes to the socket itself.

    Writer and reader both send (the reader answers pings), so a lock keeps their frames apart. A client that takes
    nothing for too long is cut off: half a frame would make nonsense of all that follows.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._lock = sock, RLock()

    def send(self, data: bytes) -> int:
        """Send all of `data`.

        Raises:
            OSError: the client is gone, or was cut off.
        """
        with self._lock:
            try:
                with gevent.Timeout(STUCK_AFTER, TimeoutError("the client takes nothing")):
                    self._sock.sendall(data)
            except OSError:
                with contextlib.suppress(OSError):  # it may be gone already
                    self._sock.shutdown(socket.SHUT_RDWR)
                raise
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
