"""Brings what waits for a client to its connection: at once where that takes it, by a greenlet where it is slow."""

import contextlib
import logging
from typing import Protocol

import gevent

from analytics.live.messages import Encode, Piece
from analytics.live.outbox import Outbox, Parcel

log = logging.getLogger(__name__)


class Line(Protocol):
    """A connection as one protocol has it."""

    @property
    def encode(self) -> Encode:
        """What it makes of messages."""

    @property
    def is_ready(self) -> bool:
        """Whether it can be pushed to."""

    def push(self, frames: bytes) -> bool:
        """Send as much of `frames` as goes without waiting; False where a rest waits for `send`."""

    def send(self, parcel: Parcel) -> None:
        """Send what was left of a push, then all of `parcel`.

        Raises:
            OSError: the client is gone, or was cut off.
        """

    def ping(self) -> bool:
        """Ask whether the client is there, or cut it off if it left that unanswered; False as with `push`."""

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

    __slots__ = ("_is_over", "_line", "_outbox", "_writer")

    def __init__(self, outbox: Outbox, line: Line) -> None:
        self._outbox, self._line = outbox, line
        self._writer: gevent.Greenlet | None = None
        self._is_over = False

    def wake(self) -> None:
        """Have what waits sent; never waits."""
        if self._writer is not None or self._outbox.is_empty:
            return
        line = self._line
        if self._outbox.has_opening or not line.is_ready:
            self._spawn()
            return
        for frames in self._outbox.take().writes(line.encode):
            is_whole = line.push(frames)
        if not is_whole:
            self._spawn()

    def pass_by(self, piece: Piece) -> bool:
        """Send `piece` past the outbox, to which nothing was offered since `wake`; False where that has to wait."""
        line = self._line
        if self._writer is not None or not line.is_ready:
            return False
        if not line.push(piece.frames(line.encode)):
            self._spawn()
        return True

    def ping(self) -> None:
        """Ask whether the client is still there; the writer of a slow one finds out by itself."""
        if self._writer is None and not self._line.ping():
            self._spawn()

    def close(self) -> None:
        """Send the client away; what waits for it is given up."""
        self.end()
        self._writer = gevent.spawn(self._say_goodbye)  # for good: nothing may follow

    def end(self) -> None:
        """Stop writing, for good: the connection is over."""
        self._is_over = True
        if self._writer is not None and self._writer is not gevent.getcurrent():
            self._writer.kill(block=False)

    def _spawn(self) -> None:
        if self._is_over:  # it was left while all were being told, and a line that is over may keep a writer for good
            return
        self._writer = gevent.spawn(self._write)

    def _write(self) -> None:
        try:
            self._line.send(self._outbox.take())
            while not self._outbox.is_empty:
                self._line.send(self._outbox.take())
        except OSError:
            pass  # the reader finds the end too, and leaves
        except Exception:
            log.exception("a client could not be told")
            self._writer = None
            self.close()
            return
        self._writer = None

    def _say_goodbye(self) -> None:
        with contextlib.suppress(OSError):
            self._line.close()
