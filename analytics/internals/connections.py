"""The open connections of gunicorn's worker, which are closed or refused where there are too many.

gunicorn itself accepts no connection while `worker_connections` are open, whatever those do.

Verified with gevent 26.9.0. The service relies on these:

- The event loop switches directly to a greenlet whose socket is ready, so that a greenlet that is seen to wait by a
  callback of the loop does wait, and `throw` raises an exception there.
- `loop.run_callback` has a function called by the loop.
"""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from socket import SHUT_WR
from typing import Any

import gevent
from gevent.pool import Group

from analytics.connection_limits import ConnectionLimits
from analytics.internals.connection import RECEIVE_BYTES, ClientSocket, Expired, Refusal
from analytics.internals.parked_socket import ParkedSocket, is_silent

LATE_SECONDS = 0.5
"""Time for the request of a connection that is opened while the worker stops; such a request asks for readiness."""
WARN_SECONDS = 60.0

log = logging.getLogger("analytics.connections")


class Connections:
    """The open connections of a worker.

    When there are too many, the one that has gone longest without a complete request is closed, unless the service is
    working on its request or answering it; a WebSocket is not closed either. Where there is none to close, the new
    connection is refused.

    A connection that has waited for a request for a while is parked: its greenlet ends, and another one serves it when
    the request comes. So is a new one on which nothing has arrived yet: nothing was allocated for it then.
    """

    def __init__(self, limits: ConnectionLimits, refusal: Refusal) -> None:
        self.limits, self.refusal = limits, refusal
        self.most_wait = math.inf
        self._open: dict[ClientSocket, None] = {}
        self._serving: dict[gevent.Greenlet, ClientSocket] = {}
        self._resumed = Group()
        self._held = 0
        self._last_warning = -math.inf

    def __len__(self) -> int:
        return len(self._open)

    @property
    def current(self) -> ClientSocket:
        """The connection of the current greenlet."""
        return self._serving[gevent.getcurrent()]

    def open(self, sock: Any) -> ClientSocket | None:
        """Add a connection that the current greenlet serves; None if it is refused, and is to be closed."""
        if len(self._open) >= self.limits.connections:
            self._warn()
            if not self._expire_one():
                self._refuse(sock)
                return None
        connection = self._serving[gevent.getcurrent()] = ClientSocket(sock, self)
        self._open[connection] = None
        return connection

    def park_silent(self, connection: ClientSocket, serve: Callable[[ClientSocket], object]) -> bool:
        """Park a new connection if nothing has arrived on it; `serve` as of `close`. Returns whether that is so.

        While the worker stops, none is parked: the stop waits for the greenlets.
        """
        if math.isinf(self.limits.park) or self.most_wait < math.inf or not is_silent(connection.sock):
            return False
        connection.__enter__()
        self._park(connection, serve)
        return True

    def close(self, connection: ClientSocket, serve: Callable[[ClientSocket], object]) -> None:
        """Remove a connection that has ended, or park it; `serve` is called when a request of that one arrives."""
        if connection.is_parking:
            self._park(connection, serve)
        else:
            del self._serving[connection.greenlet]
            self.begin(connection)
            self._remove(connection)

    def wait(self, seconds: float) -> bool:
        """Wait until connections that were parked are no longer served, for so many seconds; whether that is so."""
        self._resumed.join(timeout=seconds)
        return not self._resumed

    def begin(self, connection: ClientSocket) -> None:
        """Note that a connection is done with a request, and holds nothing of its body any more."""
        if not connection.is_in_head:
            self._held -= connection.received
            self._open[connection] = self._open.pop(connection)

    def hold(self, size: int) -> None:
        """Note that so many bytes of a body have arrived; if too many are held, the oldest incomplete body is cut."""
        self._held += size
        if self._held > self.limits.bodies_bytes:
            self._expire_one(in_head=False)

    def late(self, connection: ClientSocket) -> None:
        """End a connection's wait for data, if it waits; called by the event loop.

        Its greenlet gets Expired; without one, it is closed.
        """
        if not connection.is_waiting:  # data has arrived since
            connection.is_expiring = False
        elif connection.greenlet is not None:
            connection.greenlet.throw(Expired)
        else:
            self._remove(connection)
            connection.sock.close()

    def stop_waiting(self) -> None:
        """Close the connections that wait for a request, and limit later waits to `LATE_SECONDS`."""
        self.most_wait = LATE_SECONDS
        for connection in self._open:
            if connection.is_in_head and connection.is_waiting:
                self._expire(connection)

    def _expire_one(self, *, in_head: bool = True) -> bool:
        for connection in self._open:
            if connection.is_waiting and not connection.is_expiring and (in_head or not connection.is_in_head):
                self._expire(connection)
                return True
        return False

    def _expire(self, connection: ClientSocket) -> None:
        connection.is_expiring = True
        gevent.get_hub().loop.run_callback(self.late, connection)

    def _park(self, connection: ClientSocket, serve: Callable[[ClientSocket], object]) -> None:
        del self._serving[connection.greenlet]
        connection.park(ParkedSocket(connection.sock, partial(self._arrived, connection, serve)))

    def _arrived(self, connection: ClientSocket, serve: Callable[[ClientSocket], object]) -> None:
        """Serve a connection again; called by the event loop."""
        connection.is_waiting = False
        self._resumed.spawn(self._resume, connection, connection.sock.take(), serve)

    def _resume(self, connection: ClientSocket, sock: Any, serve: Callable[[ClientSocket], object]) -> None:
        connection.serve(sock)
        self._serving[gevent.getcurrent()] = connection
        serve(connection)

    def _remove(self, connection: ClientSocket) -> None:
        connection.alarm.stop()
        del self._open[connection]

    def _refuse(self, sock: Any) -> None:
        message = "Too many connections are open; try again in a moment."
        with suppress(OSError):
            sock.sendall(self.refusal(503, "Service Unavailable", message))
            sock.shutdown(SHUT_WR)
            sock.setblocking(False)
            sock.recv(RECEIVE_BYTES)  # unread data would make the client lose the answer

    def _warn(self) -> None:
        now = time.monotonic()
        if now - self._last_warning > WARN_SECONDS:
            self._last_warning = now
            log.warning("%d connections are open: idle ones are closed, or new ones refused", len(self._open))
