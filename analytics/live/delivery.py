"""Delivery from an outbox to its connection: at once where the client keeps up, by a greenlet where it is slow."""

import contextlib
import logging
from typing import NamedTuple, Protocol

import gevent

from analytics.live.messages import Encode, MessageBatch
from analytics.live.outbox import Outbox, OutboxContents

log = logging.getLogger(__name__)


class Closing(NamedTuple):
    """Why the service closes a connection: the code of a WebSocket's Close frame, and the reason for people."""

    code: int
    reason: str


STOPPING = Closing(1001, "The service stops.")
FAILED = Closing(1011, "Sending to this client failed; connect again.")
RECORDS_ERASED = Closing(1012, "Records that were to be sent have been erased; connect again.")
NO_ACCESS = Closing(4401, "The key or session of this connection is no longer valid.")


class Connection(Protocol):
    """A connection to one client, implemented for each protocol."""

    @property
    def encode(self) -> Encode:
        """Encodes messages for `push`."""

    @property
    def is_ready(self) -> bool:
        """Whether `push` may be called."""

    def push(self, data: bytes) -> bool:
        """Send as much of `data` as possible without blocking; False where a rest is left for `send`."""

    def send(self, backlog: OutboxContents) -> None:
        """Send the rest of a push, then all of `backlog`; blocks.

        Raises:
            OSError: the connection is closed, or was cut because the client is too slow.
        """

    def ping(self) -> bool:
        """Ping the client, or cut the connection if the previous ping was not answered; returns as `push` does."""

    def close(self, closing: Closing) -> None:
        """Close the connection, after the frame that is partly sent; blocks.

        Raises:
            OSError: the connection is closed, or was cut because the client is too slow.
        """


class Delivery:
    """The only writer of a connection.

    Most clients keep up and need no greenlet. One that does not has a greenlet for as long as its outbox is not empty.
    """

    __slots__ = ("_connection", "_is_stopped", "_outbox", "_writer")

    def __init__(self, outbox: Outbox, connection: Connection) -> None:
        self._outbox, self._connection = outbox, connection
        self._writer: gevent.Greenlet | None = None
        self._is_stopped = False

    @property
    def is_behind(self) -> bool:
        """Whether something waits to be sent."""
        return self._writer is not None or not self._outbox.is_empty

    def flush(self) -> None:
        """Start sending the outbox; never blocks."""
        if self._writer is not None or self._outbox.is_empty:
            return
        connection = self._connection
        if self._outbox.has_initial or not connection.is_ready:
            self._start_writer()
            return
        for data in self._outbox.take().writes(connection.encode):
            is_sent = connection.push(data)
        if not is_sent:
            self._start_writer()

    def push(self, batch: MessageBatch) -> bool:
        """Send `batch` at once, past the outbox, which must be empty or being flushed; False where that would block."""
        connection = self._connection
        if self._writer is not None or not connection.is_ready:
            return False
        if not connection.push(batch.encoded(connection.encode)):
            self._start_writer()
        return True

    def ping(self) -> None:
        """Ping the client, unless it is slow: the writer finds out by itself whether it is still there."""
        if self._writer is None and not self._connection.ping():
            self._start_writer()

    def close(self, closing: Closing) -> None:
        """Close the connection; the outbox is discarded."""
        self.stop()
        self._writer = gevent.spawn(self._close, closing)  # never reset, so that nothing is sent after it

    def stop(self) -> None:
        """Stop writing for good, because the connection is closed."""
        self._is_stopped = True
        if self._writer is not None and self._writer is not gevent.getcurrent():
            self._writer.kill(block=False)

    def _start_writer(self) -> None:
        if self._is_stopped:  # the client left during a broadcast; its writer might block on the connection for good
            return
        self._writer = gevent.spawn(self._write)

    def _write(self) -> None:
        try:
            self._connection.send(self._outbox.take())
            while not self._outbox.is_empty:
                self._connection.send(self._outbox.take())
        except OSError:
            pass  # the reader of the connection notices the end too, and removes the client
        except Exception:
            log.exception("sending to a live client failed")
            self._writer = None
            self.close(FAILED)
            return
        self._writer = None

    def _close(self, closing: Closing) -> None:
        with contextlib.suppress(OSError):
            self._connection.close(closing)
