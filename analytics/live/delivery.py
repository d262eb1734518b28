"""Brings what waits for a client to its connection: at once where that takes it, by a greenlet where it is slow."""

import contextlib
from typing import Protocol

import gevent

from analytics.live.messages import Piece
from analytics.live.outbox import Outbox, Parcel


class Line(Protocol):
    """A connection as one protocol has it."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be pushed to."""

    def push(self, parcel: Parcel) -> bool:
        """Send as much of `parcel` as goes without waiting; False where a rest waits for `send`."""

    def send(self, parcel: Parcel) -> None:
        """Send what was left of a push, then all of `parcel`.

        Raises:
            OSError: the client is gone, or was cut off.
        """

    def close(self) -> None:
        """Say goodbye, since the service stops, behind what is half sent.

        Raises:
            OSError: the client is gone, or was cut off, since it did not take that soon.
        """


class Delivery:
    """The one writer of a connection.

    Nearly all clients take what they are sent, so no greenlet waits for them; one that does not gets a greenlet for as
    long as something waits.
    """

    __slots__ = ("_line", "_outbox", "_writer")

    def __init__(self, outbox: Outbox, line: Line) -> None:
        self._outbox, self._line = outbox, line
        self._writer: gevent.Greenlet | None = None

    def wake(self) -> None:
        """Have what waits sent; never waits."""
        if self._writer is not None or self._outbox.is_empty:
            return
        has_to_wait = self._outbox.has_opening or not self._line.is_ready
        if has_to_wait or not self._line.push(self._outbox.take()):
            self._spawn()

    def pass_by(self, piece: Piece) -> bool:
        """Send `piece` past the outbox, where nothing waits there and the line is ready; False where it is not."""
        if self._writer is not None or not self._line.is_ready or not self._outbox.is_empty:
            return False
        if not self._line.push(Parcel([piece], 0)):
            self._spawn()
        return True

    def close(self) -> None:
        """Send the client away; what waits for it is given up."""
        self.end()
        self._writer = gevent.spawn(self._say_goodbye)  # for good: nothing may follow

    def end(self) -> None:
        """Stop writing: the connection is over."""
        if self._writer is not None and self._writer is not gevent.getcurrent():
            self._writer.kill(block=False)

    def _spawn(self) -> None:
        self._writer = gevent.spawn(self._write)

    def _write(self) -> None:
        with contextlib.suppress(OSError):  # the reader finds the end too, and leaves
            self._line.send(self._outbox.take())
            while not self._outbox.is_empty:
                self._line.send(self._outbox.take())
        self._writer = None

    def _say_goodbye(self) -> None:
        with contextlib.suppress(OSError):
            self._line.close()
