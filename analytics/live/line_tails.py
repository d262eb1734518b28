"""Log lines as they come in, sent to those who tail them; a slow reader is told how many it missed."""

from collections.abc import Callable, Set
from typing import Protocol

import gevent
from gevent.event import Event

from analytics.clock import Clock
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import LOGS
from analytics.live.delayed_lines import DelayedLines
from analytics.live.delivery import RECORDS_ERASED, STOPPING, Closing
from analytics.live.live_line import LiveLine, Select
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import Outbox
from analytics.log_lines import NewLogLine
from analytics.record_rows import nanoseconds
from analytics.record_users import users_of_line
from analytics.records import Kept
from analytics.yielding import yield_if_due

RETRY_SECONDS = 1.0
"""The longest pause before sending is tried again after it failed."""
FLUSH_SECONDS = 0.1
"""How long lines are collected before they are sent together."""
PING_SECONDS = 25.0
"""How often readers are pinged, also while lines come that none asks for: proxies cut connections that are idle."""
MOST_PENDING = 20_000
"""Lines that wait to be looked at; of more, the ones that came last are left out, which readers are told."""
BATCH_LINES = 100
NOTE = Message("dropped", None, b"")
"""Carries the number of missed lines where no line follows."""


class TailReader(Protocol):
    """How the lines of a tail reach their reader."""

    @property
    def is_behind(self) -> bool:
        """Whether lines wait for it outside of the outbox."""

    def wake(self) -> None:
        """Send what is in the outbox; never blocks."""

    def ping(self) -> None:
        """See whether the reader is still there; never blocks."""

    def close(self, closing: Closing) -> None:
        """End the connection; never blocks."""


class LineTail:
    """One reader, and the lines that wait for it.

    Args:
        delay: seconds for which lines are held back, so that those of slower senders come in their place.
    """

    __slots__ = ("delayed", "outbox", "reader", "select")

    def __init__(self, select: Select, outbox: Outbox, reader: TailReader, delay: float = 0) -> None:
        self.select, self.outbox, self.reader = select, outbox, reader
        self.delayed = DelayedLines(delay) if delay else None


class LineTails:
    """All readers of live lines.

    Args:
        dropped: called with the number of lines that a reader missed.
        jobs: makes the job that sends them.
    """

    def __init__(self, dropped: Callable[[int], None], jobs: Supervisor, clock: Clock) -> None:
        self._dropped, self._clock = dropped, clock
        self._pinged = clock.monotonic()
        self._tails: dict[LineTail, None] = {}
        self._pending: list[Kept[NewLogLine]] = []
        self._sending: list[LiveLine] = []
        self._lines = self._missed = 0
        self._waiting = Event()
        self.job = jobs.loop("log line sender", self._run, most_pause=RETRY_SECONDS)
        self.draining = False

    def __len__(self) -> int:
        return len(self._tails)

    def join(self, tail: LineTail) -> None:
        """Add a reader, which gets lines from now on."""
        self._tails[tail] = None
        if self.draining:
            tail.reader.close(STOPPING)

    def leave(self, tail: LineTail) -> None:
        """Remove a reader."""
        self._tails.pop(tail, None)

    def drain(self) -> None:
        """Disconnect all readers, and each that is added from now on."""
        self.draining = True
        for tail in list(self._tails):
            tail.reader.close(STOPPING)

    def publish(self, kept: Kept[NewLogLine]) -> None:
        """Have the lines of one request sent soon."""
        if not self._tails:
            return
        room = MOST_PENDING - self._lines
        if len(kept.records) > room:
            self._missed += len(kept.records) - max(room, 0)
            kept = kept._replace(records=kept.records[: max(room, 0)])
        if kept.records:
            self._pending.append(kept)
            self._lines += len(kept.records)
        self._waiting.set()

    def wake(self) -> None:
        """Look again at when delayed lines are due."""
        self._waiting.set()

    def erase(self, users: Set[str]) -> None:
        """Discard the lines that name these users and wait to be sent.

        A reader that is behind is disconnected, since encoded lines wait for it; it comes back and reads what is left.
        """
        self._pending = [LOGS.without(kept, users) for kept in self._pending]
        for line in self._sending:
            line.is_erased |= not users.isdisjoint(users_of_line(line.line))
        for tail in list(self._tails):
            if tail.delayed is not None:
                tail.delayed.erase(users)
            if tail.reader.is_behind or not tail.outbox.is_empty:
                tail.outbox.discard()
                tail.reader.close(RECORDS_ERASED)

    def flush(self) -> None:
        """Send the pending lines to all readers that want them, and the delayed ones that are due."""
        pending, self._pending = self._pending, []
        missed, self._missed = self._missed, 0
        self._lines = 0
        lines = self._sending = [
            LiveLine(kept.records[place], kept.id(place), nanoseconds(kept.received))
            for kept in pending
            for place in kept.places()
        ]
        for tail in list(self._tails):
            yield_if_due()
            self._send(tail, lines, missed)
        self._sending = []

    def _send(self, tail: LineTail, lines: list[LiveLine], missed: int) -> None:
        """Send the lines that match; skipped lines count as dropped for every reader, since they may have matched."""
        found: list[tuple[LiveLine, bytes]] = []
        for line in lines:
            yield_if_due()
            data = None if line.is_erased else tail.select(line)
            if data is not None:
                found.append((line, data))
        if tail.delayed is not None:
            for line, data in found:
                tail.delayed.add(line, data)
            found = tail.delayed.take(nanoseconds(self._clock.wall()))
        messages = [Message("line", None, data) for line, data in found if not line.is_erased]
        dropped = 0
        for start in range(0, len(messages), BATCH_LINES):
            dropped += tail.outbox.add_events(MessageBatch(messages[start : start + BATCH_LINES]))
        if missed:
            dropped += tail.outbox.add_events(MessageBatch([NOTE]), missed)
        if dropped:
            self._dropped(dropped)
        if messages or missed:
            tail.reader.wake()

    def run_once(self) -> None:
        """Wait until lines come or are due, or readers are to be pinged, and do it."""
        if self._waiting.wait(self._pause()):
            gevent.sleep(FLUSH_SECONDS)
            self._waiting.clear()
        self.flush()
        now = self._clock.monotonic()
        if now - self._pinged >= PING_SECONDS:
            self._pinged = now
            for tail in list(self._tails):
                tail.reader.ping()

    def _pause(self) -> float:
        until_ping = self._pinged + PING_SECONDS - self._clock.monotonic()
        due = [tail.delayed.due for tail in self._tails if tail.delayed is not None and tail.delayed.due is not None]
        return max(0.0, min(until_ping, min(due) - self._clock.wall() if due else until_ping))

    def _run(self) -> None:
        while True:
            self.run_once()


class StreamReader:
    """The reader of a tail whose lines are taken by a generator, as server-sent events are.

    Args:
        cut: ends the connection at once.

    Attributes:
        is_behind: whether lines that the generator took are being sent.
    """

    def __init__(self, cut: Callable[[], None]) -> None:
        self._event, self._cut = Event(), cut
        self.is_closed = self.is_behind = False

    def wake(self) -> None:
        """Let the generator go on."""
        self._event.set()

    def ping(self) -> None:
        """Do nothing: the generator sends comments by itself."""

    def close(self, closing: Closing) -> None:
        """Let the generator end; if it waits until its lines are sent, cut the connection."""
        self.is_closed = True
        self._event.set()
        if self.is_behind:
            self._cut()

    def wait(self, seconds: float) -> None:
        """Wait until there is something to do, or the time is up."""
        self._event.wait(seconds)
        self._event.clear()
