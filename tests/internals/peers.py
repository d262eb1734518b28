"""Connections on pairs of sockets, each served by a greenlet."""

from contextlib import ExitStack
from typing import Any

import gevent
from gevent.socket import socket, socketpair

from analytics.internals.connection import ClientSocket, ConnectionLimits, Expired, TooMuchFraming
from analytics.internals.connections import Connections

LONG = 60.0
LIMITS = ConnectionLimits(
    connections=2, idle=LONG, head=LONG, body=LONG, send=LONG, body_bytes=10_000, bodies_bytes=1_000
)


class Peers:
    """Connections, each served by a greenlet that `serve` starts, and the other ends of their sockets."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.all = Connections(limits, lambda status, reason, message: f"{status}".encode())
        self._stack = ExitStack()
        self._serving: list[gevent.Greenlet] = []

    def serve(self, work: Any, sent: bytes = b"") -> tuple[gevent.Greenlet, socket]:
        """Open a connection whose client has sent something, and call `work` with it."""
        ours, theirs = socketpair()
        theirs.settimeout(5)
        theirs.sendall(sent)
        self._stack.enter_context(theirs)

        def run() -> Any:
            with ours:
                connection = self.all.open(ours)
                if connection is None:
                    return None
                try:
                    return work(connection)
                finally:
                    self.all.close(connection)

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
