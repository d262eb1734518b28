"""Connections on pairs of sockets, each served by a greenlet."""

from contextlib import ExitStack
from typing import Any

import gevent
from gevent.socket import socket, socketpair

from analytics.connection_limits import ConnectionLimits
from analytics.internals.connection import ClientSocket, Expired, TooMuchFraming
from analytics.internals.connections import Connections

LONG = 60.0
LIMITS = ConnectionLimits(
    connections=2, idle=LONG, head=LONG, body=LONG, send=LONG, body_bytes=10_000, bodies_bytes=1_000
)


class Peers:
    """Connections, each served by a greenlet that `serve` starts, and the other ends of their sockets.

    Attributes:
        done: what the work on connections has returned, each time that a greenlet has ended.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.all = Connections(limits, lambda status, reason, message: f"{status}".encode())
        self.done: list[Any] = []
        self._stack = ExitStack()
        self._serving: list[gevent.Greenlet] = []

    def serve(self, work: Any, sent: bytes = b"") -> tuple[gevent.Greenlet, socket]:
        """Open a connection whose client has sent something, call `work` with it, and close it."""

        def go_on(connection: ClientSocket) -> Any:
            done = None
            try:
                done = work(connection)
            finally:
                if not connection.is_parking:
                    connection.sock.close()
                self.all.close(connection, go_on)
                self.done.append(done)
            return done

        return self.begin(go_on, sent)

    def begin(self, work: Any, sent: bytes = b"") -> tuple[gevent.Greenlet, socket]:
        """Open a connection whose client has sent something, and call `work` with it, which has to close it."""
        ours, theirs = socketpair()
        theirs.settimeout(5)
        theirs.sendall(sent)
        self._stack.enter_context(theirs)

        def run() -> Any:
            with ours:
                connection = self.all.open(ours)
                return None if connection is None else work(connection)

        greenlet = gevent.spawn(run)
        self._serving.append(greenlet)
        gevent.sleep(0)
        return greenlet, theirs

    def close(self) -> None:
        gevent.killall(self._serving)
        self._stack.close()


def wait_for_request(connection: ClientSocket) -> bytes | None:
    """Read the head of a request, in one go; None if there is none."""
    with connection:
        return connection.recv(100)
    return None


def read_body(connection: ClientSocket) -> Any:
    """Read a head, and then a body until it fails; the bytes that came, and why it failed."""
    wait_for_request(connection)
    data = b""
    while True:
        try:
            part = connection.recv(100)
        except (Expired, TooMuchFraming) as error:
            return data, type(error)
        if not part:
            return data, None
        data += part
