"""A socket whose sends are whole: the WebSocket library sends once and does not look how much went out."""

import contextlib
import fcntl
import socket
import struct
import sys
import termios
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from gevent import ssl
from gevent.lock import BoundedSemaphore
from gevent.socket import wait_write

from analytics.live.pongs import first_word

SEND_BUFFER = 128 * 1024
"""Bytes that the system may hold for a client: what it does not take must wait here, where the newest wins."""

ACKED = slice(120, 128)
"""Where tcpi_bytes_acked stands in Linux's struct tcp_info."""
GOODBYE_SECONDS = 1
"""How long a client has to take the goodbye when the service stops; then it is cut off."""


class WholeSender:
    """Stands in for a connection's socket; all else goes to the socket itself.

    Writer and reader both send (the reader answers pings): what they give is queued whole, and whoever has the turn
    sends all of the queue, so that frames never mix. Only one has it: TLS suffers no other meanwhile, and what one puts
    into the system's buffer would look to the other as if the client had taken nothing. A client that takes nothing for
    `patience` seconds is cut off: half a frame would make nonsense of all that follows. Where it `is_closing`, a Close
    is on its way, and nothing is pushed behind that (RFC 6455, 5.5.1).
    """

    __slots__ = ("_acked", "_patience", "_queue", "_raw", "_sock", "_turn", "is_closing")

    def __init__(self, sock: Any, patience: float) -> None:
        self._sock, self._patience = sock, patience
        self._queue: deque[bytes | memoryview] = deque()
        self._turn = BoundedSemaphore()
        self._acked = 0
        self.is_closing = False
        # what gevent wraps: its own `send` would wait; TLS cannot say how far it got, and has to
        self._raw = None if isinstance(sock, ssl.SSLSocket) else sock._sock
        with contextlib.suppress(OSError):  # it may be gone already
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    def send(self, data: bytes) -> int:
        """Send all of `data`, and what waits before it.

        Raises:
            OSError: the client is gone, or was cut off.
        """
        self._queue.append(data)
        self.flush()
        return len(data)

    def flush(self) -> None:
        """Send all that waits.

        Raises:
            OSError: the client is gone, or was cut off.
        """
        try:
            with self._turn:
                while not self._drain():
                    self._wait()
        except OSError:
            self.hang_up(socket.SHUT_RDWR)
            raise

    def push(self, data: bytes, flags: int = 0) -> bool:
        """Send as much of `data` as goes without waiting; False where a rest waits for the next `send`.

        Args:
            flags: as for the system's `send`.
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
            self.hang_up(socket.SHUT_RDWR)  # the client is gone, as its reader will find out
            return True
        if sent < len(data):
            self._queue.append(memoryview(data)[sent:])
            return False
        return True

    def recv(self, size: int) -> bytes:
        """Receive what there is; a client that never stops talking must let the others have their turn."""
        data: bytes = self._sock.recv(size)
        gevent.sleep(0)
        return data

    def recv_first(self, size: int, ponged: Callable[[], None]) -> bytes:
        """Receive the first that is no pong, of which `ponged` is told; TLS cannot tell them apart so early."""
        return self.recv(size) if self._raw is None else first_word(self._raw, size, ponged)

    def hang_up(self, how: int = socket.SHUT_RD) -> None:
        """Have its reader find the end of the connection."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(how)

    def is_catching_up(self) -> bool:
        """Whether the client has taken something since this was asked the last time, and has yet to take more."""
        before, self._acked = self._acked, self._acknowledged()
        return self._acked > before and self._untaken() > 0

    def _wait(self) -> None:
        """Wait until there is room: the system says so only when a third of its buffer is free."""
        before = self._untaken()
        try:
            wait_write(self._sock.fileno(), self._patience, TimeoutError("the client takes nothing"))
        except TimeoutError:
            if self._untaken() >= before:
                raise

    def _untaken(self) -> int:
        """How many bytes the system holds for the client (SIOCOUTQ)."""
        return struct.unpack("i", fcntl.ioctl(self._sock.fileno(), termios.TIOCOUTQ, bytes(4)))[0]  # type: ignore[no-any-return]

    def _acknowledged(self) -> int:
        """How many bytes the client's system has taken (tcpi_bytes_acked); 0 where ours does not tell."""
        try:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, ACKED.stop)
        except OSError:
            return 0
        return int.from_bytes(info[ACKED], sys.byteorder)

    def _drain(self) -> bool:
        """Send what waits as far as it goes."""
        queue = self._queue
        while queue:
            data = queue[0]
            try:
                if self._raw is not None:
                    sent = self._raw.send(data)
                else:
                    with gevent.Timeout(self._patience, TimeoutError("the client takes nothing")):
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


def wrap(environ: dict[str, Any], patience: float) -> WholeSender:
    """Put a sender in the place of the request's socket.

    Raises:
        StopIteration: the server gives no socket.
    """
    name = next(name for name in ("gunicorn.socket", "werkzeug.socket") if name in environ)
    sender = environ[name] = WholeSender(environ[name], patience)
    return sender
