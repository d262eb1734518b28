"""A socket that writes whole messages: simple-websocket sends once and ignores how much was written."""

import contextlib
import fcntl
import socket
import struct
import sys
import termios
from collections import deque
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIEnvironment

import gevent
from gevent.lock import BoundedSemaphore
from gevent.socket import wait_write

from analytics.internals.gevent import raw_socket
from analytics.internals.simple_websocket import replace_socket, socket_of
from analytics.live.wire.pongs import receive_skipping_pongs

SEND_BUFFER = 128 * 1024
"""Size of the system's buffer: small, so that a slow client's backlog is in its outbox, where only the newest update is
kept."""
BYTES_ACKED = slice(120, 128)
"""Place of tcpi_bytes_acked in Linux's struct tcp_info."""
CLOSE_SECONDS = 1
"""How long a client has to receive a Close when the service stops, before its connection is cut."""


class MessageSocket:
    """Wraps the socket of a connection; methods that it does not define are those of the socket.

    Both writer and reader send (the reader answers pings). Their data is queued whole, and the holder of a lock sends
    all of the queue, so that frames never mix. Only one sends at a time because TLS allows only one, and because what
    another one adds to the system's buffer would look as if the client had received nothing.

    The connection of a client that receives nothing for `timeout` seconds is cut: after a part of a frame nothing else
    can be sent. While `is_closing`, a Close has been sent, and nothing is pushed after it (RFC 6455, 5.5.1).
    """

    __slots__ = ("_acked", "_has_sent", "_lock", "_queue", "_raw", "_sock", "_timeout", "is_closing")

    def __init__(self, sock: Any, timeout: float) -> None:
        self._sock, self._timeout = sock, timeout
        self._queue: deque[bytes | memoryview] = deque()
        self._lock = BoundedSemaphore()
        self._acked = 0
        self.is_closing = self._has_sent = False
        self._raw = raw_socket(sock)
        with contextlib.suppress(OSError):  # the client may be gone already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def send(self, data: bytes) -> int:
        """Send everything queued, then all of `data`; returns its length.

        The first call sends the answer to the handshake. If the client is gone by then, the reader finds the end.

        Raises:
            OSError: the connection is closed, or was cut.
        """
        self._queue.append(data)
        is_first, self._has_sent = not self._has_sent, True
        try:
            self.flush()
        except ConnectionError:
            if not is_first:
                raise
        return len(data)

    def flush(self) -> None:
        """Send everything queued.

        Raises:
            OSError: the connection is closed, or was cut.
        """
        try:
            with self._lock:
                while not self._send_queued():
                    self._wait_writable()
        except OSError:
            self.hang_up(socket.SHUT_RDWR)
            raise

    def push(self, data: bytes, flags: int = 0) -> bool:
        """Send as much of `data` as possible without blocking; False where a rest is queued for `flush` or `send`.

        Args:
            flags: those of the system's `send`.
        """
        if self.is_closing:
            return True
        if self._raw is None or self._queue:
            self._queue.append(data)
            return False
        try:
            sent = self._raw.send(data, flags)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.hang_up(socket.SHUT_RDWR)  # the reader notices the end and removes the client
            return True
        if sent < len(data):
            self._queue.append(memoryview(data)[sent:])
            return False
        return True

    def recv(self, size: int) -> bytes:
        """Receive up to `size` bytes, then yield, so that a client that never stops sending does not delay others."""
        data: bytes = self._sock.recv(size)
        gevent.sleep(0)
        return data

    def receive_skipping_pongs(self, size: int, on_pong: Callable[[], None]) -> bytes:
        """Receive up to `size` bytes that are not just a pong; `on_pong` is called for each pong, except with TLS."""
        return self.recv(size) if self._raw is None else receive_skipping_pongs(self._raw, size, on_pong)

    def hang_up(self, how: int = socket.SHUT_RD) -> None:
        """Shut the connection down, so that its reader finds the end."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(how)

    def is_catching_up(self) -> bool:
        """Whether the client has received something since the last call, and has more to receive."""
        before, self._acked = self._acked, self._acknowledged()
        return self._acked > before and self._unacknowledged() > 0

    def _wait_writable(self) -> None:
        """Wait for space in the system's buffer, which is reported only when a third of it is free."""
        before = self._unacknowledged()
        try:
            wait_write(self._sock.fileno(), self._timeout, TimeoutError("the client receives nothing"))
        except TimeoutError:
            if self._unacknowledged() >= before:
                raise

    def _unacknowledged(self) -> int:
        """Bytes in the system's buffer that the client has not received (SIOCOUTQ)."""
        return struct.unpack("i", fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0]  # type: ignore[no-any-return]

    def _acknowledged(self) -> int:
        """Bytes that the client's system has received (tcpi_bytes_acked); 0 where the system does not tell."""
        try:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, BYTES_ACKED.stop)
        except OSError:
            return 0
        return int.from_bytes(info[BYTES_ACKED], sys.byteorder)

    def _send_queued(self) -> bool:
        """Send the queue; False where the rest would block."""
        queue = self._queue
        while queue:
            data = queue[0]
            try:
                if self._raw is not None:
                    sent = self._raw.send(data)
                else:
                    with gevent.Timeout(self._timeout, TimeoutError("the client receives nothing")):
                        sent = self._sock.send(data)
            except BlockingIOError:
                return False
            if sent < len(data):
                queue[0] = memoryview(data)[sent:]
            else:
                queue.popleft()
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def wrap_socket(environ: WSGIEnvironment, timeout: float) -> MessageSocket:
    """Replace the socket of a request, before a WebSocket is opened on it.

    Raises:
        StopIteration: the WSGI server provides no socket.
    """
    return replace_socket(environ, lambda sock: MessageSocket(sock, timeout))


def cut_connection(environ: WSGIEnvironment) -> None:
    """Cut the connection of a request, whatever is still being sent on it."""
    sock = socket_of(environ)
    if sock is not None:
        with contextlib.suppress(OSError):  # it is closed already
            sock.shutdown(socket.SHUT_RDWR)
