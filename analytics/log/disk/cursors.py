"""Cursors: how far each consumer has read the journal, and which entries wait for those that are behind."""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from analytics.log.disk.file import check_crc, checksum


class Cursor(NamedTuple):
    """How far a consumer has read.

    Attributes:
        position: the number of the last entry that it has dealt with.
        missed: how many entries were pruned before it had read them, ever.
    """

    name: str
    position: int
    missed: int

    def checksum(self) -> int:
        """The checksum of this row."""
        return checksum(*self)


class Missed(NamedTuple):
    """A cursor that was moved behind pruned entries, and how many of those its consumer had not read."""

    cursor: Cursor
    entries: int


class _Segment(NamedTuple):
    """The entries that one checkpoint made superfluous: up to which position, and their bytes."""

    position: int
    bytes: int


class Cursors:
    """The cursors in a database; used by the thread that owns its connection.

    Args:
        position: that of the newest checkpoint; entries up to there may be pruned.
        writing: the context in which the database is written to.
    """

    def __init__(
        self, db: sqlite3.Connection, path: Path, position: int, writing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._db, self._path, self._writing = db, path, writing
        ((held,),) = db.execute("SELECT coalesce(sum(length(body)), 0) FROM journal WHERE seq <= ?", (position,))
        self._segments: deque[_Segment] = deque([_Segment(position, held)] if held else [])
        self.fresh_bytes = 0
        """Bytes appended since the newest checkpoint."""

    def all(self) -> Iterator[Cursor]:
        """Every cursor."""
        for name, position, missed, crc in self._db.execute("SELECT name, position, missed, crc FROM cursors"):
            cursor = Cursor(name, position, missed)
            check_crc(self._path, crc, cursor.checksum())
            yield cursor

    def open(self, name: str, position: int) -> Cursor:
        """The cursor of that name; a new one begins behind `position`."""
        for cursor in self.all():
            if cursor.name == name:
                return cursor
        with self._writing():
            return self._put(Cursor(name, position, 0))

    def move(self, cursor: Cursor, position: int) -> Cursor:
        """Note that all entries up to `position` are dealt with; returns the cursor as it is then."""
        moved = self.open(cursor.name, position)._replace(position=position)
        with self._writing():
            return self._put(moved)

    def close(self, name: str) -> None:
        """Remove a cursor: no entries wait for it any more."""
        with self._writing():
            self._db.execute("DELETE FROM cursors WHERE name = ?", (name,))

    def prune(self, position: int, most_bytes: int) -> list[Missed]:
        """Delete the entries that a new checkpoint at `position` holds and that no consumer still has to read.

        Beyond `most_bytes` the oldest are deleted all the same; returns the cursors of consumers that miss entries by
        that. It must run inside a transaction.
        """
        self._segments.append(_Segment(position, self.fresh_bytes))
        self.fresh_bytes = 0
        cursors = list(self.all())
        read = min((cursor.position for cursor in cursors), default=position)
        pruned = min(read, position)
        while self._segments and self._segments[0].position <= pruned:
            self._segments.popleft()
        while self._segments and sum(segment.bytes for segment in self._segments) > most_bytes:
            pruned = self._segments.popleft().position
        missed = [self._missed(cursor, pruned) for cursor in cursors if cursor.position < pruned]
        self._db.execute("DELETE FROM journal WHERE seq <= ?", (pruned,))
        return [each for each in missed if each.entries]

    def _missed(self, cursor: Cursor, pruned: int) -> Missed:
        """Count the entries that a consumer misses, and put its cursor behind them."""
        query = "SELECT count(*) FROM journal WHERE seq > ? AND seq <= ?"
        ((entries,),) = self._db.execute(query, (cursor.position, pruned))
        return Missed(self._put(cursor._replace(position=pruned, missed=cursor.missed + entries)), entries)

    def _put(self, cursor: Cursor) -> Cursor:
        self._db.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)", (*cursor, cursor.checksum()))
        return cursor
