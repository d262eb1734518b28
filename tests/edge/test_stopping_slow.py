"""Stopping while clients have a backlog: clients that read get the close, and others do not delay the stop."""

import contextlib
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

from tests.conftest import StartServer
from tests.edge.frames import Live
from tests.edge.socketio_raw import connected
from tests.edge.test_socketio_limits import masked, raw_websocket
from tests.edge.test_stopping import CLOSE_SECONDS, GOING_AWAY, check_gone
from tests.edge.wire import eventually

KIB = 1024


def trickle(connection: socket.socket, over: Event) -> None:
    """Read so slowly that the backlog stays, and so steadily that the connection is not cut off."""
    with contextlib.suppress(OSError):
        while connection.recv(KIB) and not over.wait(0.05):
            pass


def test_a_backlog_delays_neither_the_stop_nor_the_close(start_server: StartServer) -> None:
    server, over = start_server(), Event()
    with ExitStack() as stack:
        late, slow, _deaf = (stack.enter_context(Live(server, receive_buffer=4 * KIB)) for _ in range(3))
        slow_packets, deaf_packets = (stack.enter_context(raw_websocket(server)) for _ in range(2))
        for packets in (slow_packets, deaf_packets):
            packets.sendall(masked("40"))
        eventually(lambda: connected(server) == 5)
        for _ in range(3):
            server.post("/events", [{"type": "big", "service": "s", "data": {"text": "x" * 30 * KIB}}] * 50)
        pool = stack.enter_context(ThreadPoolExecutor())
        stack.callback(over.set)
        for connection in (slow.socket, slow_packets):
            pool.submit(trickle, connection, over)
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        late.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KIB * KIB)
        assert late.read_to_the_end() == GOING_AWAY
        assert time.monotonic() - stopped < CLOSE_SECONDS
        check_gone(server, stopped)
