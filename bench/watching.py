"""A dashboard client beside a measurement."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from websocket import WebSocket, WebSocketException, create_connection

from bench.servers import Server

_UPDATE = b'"dashboard_update"'


@contextmanager
def watching(server: Server) -> Iterator[list[float]]:
    """Open a dashboard that reads everything; the list grows by the time of each update, in seconds."""
    times: list[float] = []
    socket = create_connection(f"ws://127.0.0.1:{server.port}/ws/dashboard", timeout=30)
    reader = threading.Thread(target=_read, args=(socket, times))
    reader.start()
    try:
        yield times
    finally:
        socket.shutdown()
        reader.join()


def _read(socket: WebSocket, times: list[float]) -> None:
    try:
        while True:
            if _UPDATE in socket.recv_frame().data[:100]:
                times.append(time.perf_counter())
    except (WebSocketException, OSError):
        return
