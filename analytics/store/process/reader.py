"""The reader: it follows the journal up to what the server has applied, and adds the records to the tail."""

import logging
import threading
from collections.abc import Callable, Sequence

import msgspec

from analytics.kinds import ERASURES, EVENTS, STARTS
from analytics.log.disk.packing import unpacked
from analytics.log.disk.stored import StoredEntry
from analytics.records import NewErasure
from analytics.store.files.manifest import PendingErasure
from analytics.store.process.decoding import decoded_events
from analytics.store.process.journal import JournalReader
from analytics.store.process.numbering import Numbering
from analytics.store.process.tail import PENDING_ROWS, Tail
from analytics.store.process.times import microseconds
from analytics.store.records.layout import RECORD_LAYOUTS

READ_KINDS = (EVENTS.name, STARTS.name, ERASURES.name, *RECORD_LAYOUTS)
MICROSECONDS = 1_000_000
_decode_erasures = msgspec.json.Decoder(list[NewErasure]).decode
NOTHING: frozenset[int] = frozenset()
NO_SERVICE = b'"service":""'
"""Stands in each erased record."""

logger = logging.getLogger(__name__)


class JournalFollower:
    """Reads entries in order into the tail. One thread calls `follow`; others tell and ask how far.

    Args:
        erased: called with each erasure that was read, before anything after it.
    """

    def __init__(self, journal: JournalReader, tail: Tail, erased: Callable[[PendingErasure], None]) -> None:
        self._journal, self._tail, self._erased = journal, tail, erased
        self._dropped: dict[int, frozenset[int]] = {}
        self.numbering = Numbering(0)
        self._told: tuple[int, int | None] = (0, None)
        self.position = self.applied = 0
        """The positions up to which it has read, and up to which the server has applied entries."""

    def begin(self, position: int, number: int) -> None:
        """Continue after a position, where the newest event has this number."""
        self.position = self.applied = position
        self.numbering.last = number
        self._dropped = self._journal.dropped(position)

    def tell(self, applied: int, dropped: dict[int, frozenset[int]], number: int | None) -> None:
        """Note how far the server has applied entries, which of their records it did not keep, and its last number."""
        self._dropped.update(dropped)
        self._told = (applied, number)
        self.applied = max(self.applied, applied)

    @property
    def has_more(self) -> bool:
        """Whether there are applied entries that it has not read."""
        return self.position < self.applied

    def follow(self) -> bool:
        """Read some entries; returns whether there are more.

        Raises:
            sqlite3.Error, CannotStore, msgspec.DecodeError: the journal cannot be read.
        """
        if not self.has_more:
            return False
        entries, up_to = self._journal.entries(self.position, self.applied)
        for entry in entries:
            self._take(entry)
        with self._tail.lock:
            self._check_number(up_to)
            self._advance(up_to)
            if self._tail.open.waiting >= PENDING_ROWS:
                self._tail.settle()
        return self.has_more

    def _take(self, entry: StoredEntry) -> None:
        """Take one entry as a whole: the tail never ends within one."""
        if entry.kind == STARTS.name:
            self.numbering.start(entry.received)
            with self._tail.lock:
                for each in self._tail.open.records.values():
                    each.numbering.start(entry.received)
                self._advance(entry.position)
        elif entry.kind == ERASURES.name:
            for erasure in _decode_erasures(unpacked(entry.body)):
                number, records = self.numbering.last, self._tail.open.numbers
                self._erased(PendingErasure(entry.position, number, erasure.salt, erasure.digests, records))
            with (
                self._tail.lock
            ):  # not before: a flush would note that it is done with an erasure that it does not know
                self._advance(entry.position)
        elif entry.kind in RECORD_LAYOUTS:
            self._take_records(entry)
        else:
            self._take_events(entry)

    def _take_records(self, entry: StoredEntry) -> None:
        body, layout = unpacked(entry.body), RECORD_LAYOUTS[entry.kind]
        records = layout.decode(body)
        dropped = self._dropped.pop(entry.position, NOTHING)
        if dropped:
            records = [record for index, record in enumerate(records) if index not in dropped]
        places: Sequence[int] | None = None
        if NO_SERVICE in body:  # quicker than to compare each
            places = [place for place, record in enumerate(records) if record != layout.stand_in]
        with self._tail.lock:
            if records:
                into = self._tail.open.records[entry.kind]
                into.add(records, entry.id_prefix, entry.received, len(body), places)
            self._advance(entry.position)

    def _take_events(self, entry: StoredEntry) -> None:
        body = unpacked(entry.body)
        events = decoded_events(body)
        dropped = self._dropped.pop(entry.position, NOTHING)
        if dropped:
            events = [event for index, event in enumerate(events) if index not in dropped]
        first, prefix = self.numbering.take(len(events)), entry.id_prefix
        seqs: Sequence[int] = range(first, first + len(events))
        ids = [event.id or f"{prefix}{place}" for place, event in enumerate(events)]
        if any([not event.type for event in events]):  # noqa: C419  # erased ones have none; quicker than a generator
            places = [place for place, event in enumerate(events) if event.type]
            events, seqs, ids = ([each[place] for place in places] for each in (events, seqs, ids))  # type: ignore
        received = round(entry.received * MICROSECONDS)
        times = [received] * len(events)
        timed = [place for place, event in enumerate(events) if event.timestamp is not None]
        if timed:
            given = microseconds([events[place].timestamp for place in timed])  # type: ignore[misc]
            for place, at in zip(timed, given.tolist(), strict=True):
                times[place] = at
        with self._tail.lock:
            self._tail.open.add(events, seqs, ids, times, received, self._tail.shapes, len(body))
            self._advance(entry.position)

    def _check_number(self, position: int) -> None:
        """Take the server's number where this one differs: entries were missing."""
        told, number = self._told
        if position == told and number is not None and number != self.numbering.last:
            logger.warning(
                "the numbers of events differ: entries of the log were missing",
                extra={"server": number, "store": self.numbering.last},
            )
            self.numbering.last = max(number, self.numbering.last)

    def _advance(self, position: int) -> None:
        """Note how far the tail reaches; the caller holds its lock."""
        self.position = self._tail.open.last = position
        self._tail.open.number = self.numbering.last


class Reached:
    """Lets threads wait until the follower has read up to a position."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._position = 0

    def set(self, position: int) -> None:
        """Note how far it has read."""
        with self._condition:
            self._position = position
            self._condition.notify_all()

    def wait(self, position: int, seconds: float) -> bool:
        """Wait until it has read up to `position`, for at most so many seconds; returns whether it has."""
        with self._condition:
            return self._condition.wait_for(lambda: self._position >= position, seconds)
