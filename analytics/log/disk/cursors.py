"""Cursors: how far each consumer has read the journal. Entries that it has yet to read are not pruned."""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from analytics.log.disk.file import check_crc, checksum

SEGMENT_BYTES = 1024 * 1024
"""About how many bytes of entries of an earlier run are pruned at once."""


class Cursor(NamedTuple):
    """How far a consumer has read.

    Attributes:
        position: the position of the last entry that it has delivered.
        missed: how many entries were pruned before it had read them, in total.
    """

    name: str
    position: int
    missed: int

    def checksum(self) -> int:
        """The checksum that is stored with the cursor."""
        return checksum(*self)


class Missed(NamedTuple):
    """A cursor that was moved past pruned entries, and how many of those its consumer had not read."""

    cursor: Cursor
    entries: int


class _Segment(NamedTuple):
    """The entries between two checkpoints: the position of the last one, and their bytes."""

    position: int
    bytes: int


class Cursors:
    """The cursors in a database. Only the thread that owns the connection may use them.

    Args:
        position: the position of the newest checkpoint; entries up to there may be pruned.
        writing: the context manager for writes to the database.
    """

    def __init__(
        self, db: sqlite3.Connection, path: Path, position: int, writing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._db, self._path, self._writing = db, path, writing
        self._segments = self._segments_up_to(position)
        query = "SELECT coalesce(sum(length(body)), 0) FROM journal WHERE seq > ?"
        ((self.fresh_bytes,),) = db.execute(query, (position,))
        """Bytes appended since the newest checkpoint."""

    def _segments_up_to(self, position: int) -> deque[_Segment]:
        """The entries that wait for consumers since an earlier run, in segments of about `SEGMENT_BYTES`."""
        segments: deque[_Segment] = deque()
        held = 0
        query = "SELECT seq, length(body) FROM journal WHERE seq <= ? ORDER BY seq"
        last = 0
        for last, size in self._db.execute(query, (position,)):
            held += size
            if held >= SEGMENT_BYTES:
                segments.append(_Segment(last, held))
                held = 0
        if held:
            segments.append(_Segment(last, held))
        return segments

    def all(self) -> Iterator[Cursor]:
        """All stored cursors."""
        for name, position, missed, crc in self._db.execute("SELECT name, position, missed, crc FROM cursors"):
            cursor = Cursor(name, position, missed)
            check_crc(self._path, crc, cursor.checksum())
            yield cursor

    def open(self, name: str, position: int) -> Cursor:
        """The cursor of that name; a new one starts after `position`."""
        for cursor in self.all():
            if cursor.name == name:
                return cursor
        with self._writing():
            return self._put(Cursor(name, position, 0))

    def move(self, cursor: Cursor, position: int) -> Cursor:
        """Note that all entries up to `position` are delivered; returns the moved cursor."""
        moved = self.open(cursor.name, position)._replace(position=position)
        with self._writing():
            return self._put(moved)

    def close(self, name: str) -> None:
        """Remove a cursor: no entries are kept for it any more."""
        with self._writing():
            self._db.execute("DELETE FROM cursors WHERE name = ?", (name,))

    def prune(self, position: int, max_bytes: int) -> list[Missed]:
        """Delete the entries that a new checkpoint at `position` covers and that all consumers have read.

        If more than `max_bytes` would be left for consumers, the oldest are deleted nevertheless. Returns the cursors
        of the consumers that miss entries because of that. Call it inside a transaction.
        """
        self._segments.append(_Segment(position, self.fresh_bytes))
        self.fresh_bytes = 0
        cursors = list(self.all())
        read = min((cursor.position for cursor in cursors), default=position)
        pruned = min(read, position)
        while self._segments and self._segments[0].position <= pruned:
            self._segments.popleft()
        while self._segments and sum(segment.bytes for segment in self._segments) > max_bytes:
            pruned = self._segments.popleft().position
        missed = [self._missed(cursor, pruned) for cursor in cursors if cursor.position < pruned]
        self._db.execute("DELETE FROM journal WHERE seq <= ?", (pruned,))
        self._db.execute("DELETE FROM dropped WHERE position <= ?", (pruned,))
        return [each for each in missed if each.entries]

    def _missed(self, cursor: Cursor, pruned: int) -> Missed:
        """Count the entries that a consumer misses, and move its cursor past them."""
        query = "SELECT count(*) FROM journal WHERE seq > ? AND seq <= ?"
        ((entries,),) = self._db.execute(query, (cursor.position, pruned))
        return Missed(self._put(cursor._replace(position=pruned, missed=cursor.missed + entries)), entries)

    def _put(self, cursor: Cursor) -> Cursor:
        self._db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)", (*cursor, cursor.checksum()))
        return cursor
