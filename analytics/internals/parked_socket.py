"""The socket of a connection that waits for its next request without a greenlet.

A greenlet keeps the stack that its deepest call needed: that, with the objects of gunicorn, is most of what an idle
connection costs.

Verified with gevent 26.9.0. The service relies on these:

- `detach` of a socket stops what waits for it, and returns its file descriptor; closing that socket does nothing then.
- `loop.io(fd, 1)` has a function called by the event loop, in the greenlet of the hub, whenever the socket has data or
  was closed by the other side, until it is stopped.
- `socket(fileno=fd)` finds out the family and kind of the socket.
- `recv` with a timeout of 0 raises BlockingIOError where it would wait.
"""

import os
from collections.abc import Callable
from socket import MSG_PEEK
from typing import Any

from gevent import get_hub
from gevent.socket import socket

READABLE = 1


def is_silent(sock: Any) -> bool:
    """Whether nothing has arrived on a socket without a timeout, and the other side has not closed it."""
    sock.settimeout(0)
    try:
        sock.recv(1, MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # the next read raises it again
    finally:
        sock.settimeout(None)
    return False


class ParkedSocket:
    """Takes the place of a socket; the event loop calls `arrived` when it has data or was closed by the other side."""

    __slots__ = ("_fileno", "_watcher")

    def __init__(self, sock: Any, arrived: Callable[[], None]) -> None:
        self._fileno: int = sock.detach()
        self._watcher: Any = get_hub().loop.io(self._fileno, READABLE)
        self._watcher.start(arrived)

    def take(self) -> Any:
        """The socket again, which the caller has to close."""
        self._stop()
        return socket(fileno=self._fileno)

    def close(self) -> None:
        """Close it."""
        self._stop()
        os.close(self._fileno)

    def _stop(self) -> None:
        self._watcher.stop()
        self._watcher.close()
