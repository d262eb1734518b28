"""A connection of gunicorn's worker, with limits on what it may hold and for how long.

gunicorn itself limits neither the time for the head of a request, nor that for a body, nor that in which a client
receives an answer.

Verified with gunicorn 27.0.1. The service relies on these:

- A connection is read by `recv`, written by `sendall` and closed by `close`, and by no other way.
- The first call of `sendall` after the head of a request was read has the head of the answer, and is followed at once
  by the first part of the body, if there is one. `100 Continue` is sent by `send`.
- `recv` is called for at most 8 KiB, or for what is left of a body, or of a chunk of it.
- LimitRequestHeaders raised while the head is read is answered with 431.
- A head that is not read to its end, without an exception, has the connection closed, and nothing else is done with it.
- The body of a request has `read`, and `failed` after a read that raised an exception; all errors of chunks are
  ParseException.
"""

import errno
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from socket import SHUT_WR
from types import TracebackType
from typing import Any, Protocol

import gevent
from gunicorn.http.errors import LimitRequestHeaders, ParseException

from analytics.connection_limits import ConnectionLimits
from analytics.internals.alarm import Alarm
from analytics.yielding import yield_if_due

MIN_RATE = 1024
"""Bytes a second that a client has to send or to receive, as an average over the time limit for it."""
HEAD_BYTES = 64 * 1024
"""Size of a request line with its headers: gunicorn copies and searches what has arrived for each further packet."""
RECEIVE_BYTES = 64 * 1024
DISCARD_BYTES, DISCARD_SECONDS = 64 * 1024, 1.0
"""How much of a body that the application did not read is received in order to keep the connection."""
LINGER_BYTES, LINGER_SECONDS = 16 * 1024 * 1024, 2.0
"""How much is received before a connection is closed: unread data would make the client lose its answer."""
SMALL_BODY, GUNICORN_READ, CHUNKS_READ = 64 * 1024, 8192, 2048
"""gunicorn reads larger bodies by more than `GUNICORN_READ`, unless they consist of small chunks, whose decoding it
does not interrupt: then less is read at once."""
Refusal = Callable[[int, str, str], bytes]
"""Makes a whole HTTP answer from status, reason and message."""


class Expired(TimeoutError):
    """The time in which a client has to send is up."""


class TooMuchFraming(ParseException):  # type: ignore[misc]
    """Chunk headers and extensions make a chunked body larger than its content can be."""

    def __str__(self) -> str:
        return "its chunks are too small or their extensions too long"


class Shared(Protocol):
    """The state that the connections of a worker share."""

    limits: ConnectionLimits
    refusal: Refusal
    most_wait: float
    """Limit of the time for the head of a request, while the worker stops."""

    def begin(self, connection: "ClientSocket", /) -> None:
        """Note that a connection is done with a request, and holds nothing of its body any more."""

    def hold(self, size: int, /) -> None:
        """Note that so many bytes of a body have arrived."""

    def late(self, connection: "ClientSocket", /) -> None:
        """End a connection's wait for data, if it waits; called by the event loop."""


class ClientSocket:
    """The socket of a client, with limits on reads and writes; reading yields to other connections.

    It is also the context in which gunicorn reads the head of a request; what is read after that is the body.

    Attributes:
        environ: what is added to the environ of each request.
        greenlet: serves the connection; None while it is parked.
        is_ahead: whether part of the next request has been read already, by gunicorn.
        is_parking: whether the greenlet ends, and the connection is to wait for its next request without one.
    """

    __slots__ = (
        "_all",
        "_head",
        "_is_unread",
        "_until",
        "_window",
        "alarm",
        "environ",
        "gettimeout",
        "greenlet",
        "is_ahead",
        "is_expiring",
        "is_in_head",
        "is_parking",
        "is_waiting",
        "received",
        "served",
        "settimeout",
        "sock",
    )

    def __init__(self, sock: Any, shared: Shared) -> None:
        self._all = shared
        self.environ: Mapping[str, Any] = {}
        self.is_waiting = self.is_expiring = self.is_in_head = self._is_unread = False
        self.is_ahead = self.is_parking = False
        self.received = self.served = 0
        self._window = self._until = 0.0
        self.alarm = Alarm(partial(shared.late, self))
        self._head: bytes | None = None
        self.serve(sock)

    def serve(self, sock: Any) -> None:
        """Have the current greenlet serve the connection, by this socket."""
        self.sock, self.greenlet, self.is_parking = sock, gevent.getcurrent(), False
        self.gettimeout, self.settimeout = sock.gettimeout, sock.settimeout  # called for each request

    def park(self, sock: Any) -> None:
        """Wait on without a greenlet, by this socket."""
        self.sock = sock
        self.greenlet = self.gettimeout = self.settimeout = None
        self.is_waiting = True
        self.alarm.deadline = max(self._until, time.monotonic() + 0.001)  # an alarm for the past would not ring
        self.alarm.set()

    def __enter__(self) -> None:
        """Wait for a request."""
        self._all.begin(self)
        limits, now = self._all.limits, time.monotonic()
        self.is_in_head, self.received = True, 0
        seconds = min(limits.idle if self.served else limits.head, self._all.most_wait)
        self._until = now + seconds
        self.alarm.deadline = self._until if self.is_ahead else now + min(limits.park, seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End the head of the request; if it took too long, answer 408 and let gunicorn close the connection.

        Where nothing of it has come, the connection may wait on without a greenlet.
        """
        if isinstance(error, Expired):
            if self.received:
                seconds = self._all.limits.head
                self._answer(408, "Request Timeout", f"The headers did not arrive within {seconds:g} seconds.")
            else:
                self.is_parking = not self.is_expiring and time.monotonic() < self._until
            return True
        self.is_in_head, self.received = False, 0
        self.served += 1
        self._head = b""
        self._begin_window()
        return False

    def recv(self, size: int) -> bytes:
        """Receive up to `size` bytes.

        Raises:
            Expired: the time for sending is up.
            LimitRequestHeaders: the head of the request is too large.
            TooMuchFraming: the body is larger than it can be.
        """
        if self.received:
            yield_if_due()  # data that is there already never waits
        if self.is_in_head:
            return self._receive_head(size)
        if self.received > SMALL_BODY and size <= GUNICORN_READ:
            size = CHUNKS_READ
        data = self._receive(size)
        self.received += len(data)
        self._all.hold(len(data))
        self._window += len(data)
        if self._window >= MIN_RATE * self._all.limits.body:
            self._begin_window()
        if self.received > self._all.limits.body_bytes:
            raise TooMuchFraming
        return data

    def sendall(self, data: bytes) -> None:
        """Send all of `data`; the head of an answer is sent with the first part of its body, in one packet.

        Raises:
            BrokenPipeError: the client does not receive it.
        """
        if self._head is None:
            self._send(data)
        elif not self._head:
            self._head = data
        else:
            head, self._head = self._head, None
            self._send(head + data)

    def _send(self, data: bytes) -> None:
        seconds = self._all.limits.send
        piece = max(1, int(MIN_RATE * seconds))
        self.settimeout(seconds)
        try:
            if len(data) <= piece:
                self.sock.sendall(data)
            else:
                view = memoryview(data)
                for start in range(0, len(data), piece):
                    self.sock.sendall(view[start : start + piece])
        except TimeoutError:
            raise BrokenPipeError(errno.EPIPE, "the client does not receive") from None
        finally:
            self.settimeout(None)

    def finish(self, body: Any, *, keep: bool) -> bool:
        """Receive what is left of the body; returns whether the connection can be kept for another request."""
        self._send_head()
        left = DISCARD_BYTES
        self._allow(DISCARD_SECONDS)
        self._window = -math.inf
        try:
            while left > 0 and not body.failed:
                data = body.read(RECEIVE_BYTES)
                if not data:
                    self._is_unread = False
                    return keep
                left -= len(data)
        except (OSError, ParseException):
            pass
        return False

    def close(self) -> None:
        """Close the socket, unless it is to be parked; if the client is still sending, receive some of it first."""
        if self.is_parking:
            return
        try:
            self._send_head()
            if self._is_unread:
                self._is_unread = False
                self._linger()
        finally:
            self.sock.close()

    def _send_head(self) -> None:
        """Send the head of an answer without a body."""
        head, self._head = self._head, None
        if head:
            self._send(head)

    def _receive_head(self, size: int) -> bytes:
        if self.received >= HEAD_BYTES:
            raise LimitRequestHeaders(f"larger than {HEAD_BYTES} bytes")
        data = self._receive(size)
        if not self.received:
            self._allow(self._all.limits.head)
        self.received += len(data)
        return data

    def _receive(self, size: int) -> bytes:
        self.is_waiting = True
        try:
            if self.alarm.set() <= 0:  # a client that has always sent something is too slow as well
                raise Expired
            data: bytes = self.sock.recv(size)
        except Expired:
            self._is_unread = False
            raise
        finally:
            self.is_waiting = False
        self._is_unread = bool(data)
        return data

    def _allow(self, seconds: float) -> None:
        self.alarm.deadline = time.monotonic() + min(seconds, self._all.most_wait if self.is_in_head else math.inf)

    def _begin_window(self) -> None:
        self._window = 0
        self._allow(self._all.limits.body)

    def _answer(self, status: int, reason: str, message: str) -> None:
        with suppress(OSError):
            self.sendall(self._all.refusal(status, reason, message))

    def _linger(self) -> None:
        """Shut down sending, then receive and discard what the client still sends, for a limited time."""
        left = LINGER_BYTES
        self._allow(LINGER_SECONDS)
        with suppress(OSError):
            self.sock.shutdown(SHUT_WR)
            while left > 0 and (data := self._receive(RECEIVE_BYTES)):
                left -= len(data)
                yield_if_due()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)
