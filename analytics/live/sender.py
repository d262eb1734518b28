"""A socket whose sends are whole: the WebSocket library sends once and does not look how much went out."""

import contextlib
import socket
from typing import Any

import gevent
from gevent.lock import RLock

SEND_BUFFER = 128 * 1024
"""Bytes that the system may hold for a client: what it does not take must wait here, where the newest wins."""


class WholeSender:
    """Stands in for a connection's socket; all else goes to the socket itself.

    Writer and reader both send (the reader answers pings), so a lock keeps their frames apart. A client that takes
    nothing for `patience` seconds is cut off: half a frame would make nonsense of all that follows.
    """

    def __init__(self, sock: socket.socket, patience: float) -> None:
        self._sock, self._patience, self._lock = sock, patience, RLock()
        with contextlib.suppress(OSError):  # it may be gone already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def send(self, data: bytes) -> int:
        """Send all of `data`.

        Raises:
            OSError: the client is gone, or was cut off.
        """
        with self._lock:
            left = memoryview(data)
            try:
                while left:
                    with gevent.Timeout(self._patience, TimeoutError("the client takes nothing")):
                        left = left[self._sock.send(left) :]
            except OSError:
                self.hang_up(socket.SHUT_RDWR)
                raise
        return len(data)

    def recv(self, size: int) -> bytes:
        """Receive what there is; a client that never stops talking must let the others have their turn."""
        data = self._sock.recv(size)
        gevent.sleep(0)
        return data

    def hang_up(self, how: int = socket.SHUT_RD) -> None:
        """Have its reader find the end of the connection."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def wrap(environ: dict[str, Any], patience: float) -> WholeSender:
    """Put a sender in the place of the request's socket.

    Raises:
        KeyError: the server gives no socket.
    """
    name = next(name for name in ("gunicorn.socket", "werkzeug.socket") if name in environ)
    sender = environ[name] = WholeSender(environ[name], patience)
    return sender
