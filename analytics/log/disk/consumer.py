"""Consumers: readers of the log that continue where they stopped, also after a restart."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from analytics.log.disk.cursors import Cursor
from analytics.log.disk.log import DiskLog
from analytics.log.disk.recovery import read_chunk, records_of


class Written(NamedTuple):
    """An entry as a consumer reads it; `received` is in seconds since the epoch."""

    position: int
    kind: str
    received: float
    id_prefix: str
    records: Sequence[Any]


class Consumer:
    """Reads the written entries of the log in order. Its cursor is stored under its name.

    Deliver entries first and call `done` afterwards: after a crash in between, the same entries are read again. Up to
    ANALYTICS_LOG_MAX_BYTES of entries are kept for a consumer that is behind; those that it misses beyond that are
    logged, and counted in `/stats`.

    >>> consumer = Consumer(log, "archive")
    >>> while entries := consumer.read():
    ...     archive(entries)
    ...     consumer.done(entries[-1])

    Args:
        position: where a new consumer starts; default: at the end.

    Raises:
        CannotStore, sqlite3.Error: the log cannot be read now.
    """

    def __init__(self, log: DiskLog, name: str, position: int | None = None) -> None:
        self._log, self._name = log, name
        start = log.written if position is None else position
        log.consumers[name] = log.ask(log.database.cursors.open, name, start)

    @property
    def cursor(self) -> Cursor:
        """How far this consumer has read, and how many entries it missed."""
        return self._log.consumers[self._name]

    def read(self) -> list[Written]:
        """The next entries, about 1 MiB of them; empty after the last written one.

        Records are as requests sent them, including those that the state refused or found to be duplicates.
        """
        database = self._log.database
        entries = self._log.ask(read_chunk, database, self.cursor.position, self._log.written)
        return [
            Written(entry.position, entry.kind, entry.received, entry.id_prefix, records_of(entry)) for entry in entries
        ]

    def done(self, entry: Written) -> None:
        """Move the cursor past `entry`: it and all entries before it are delivered."""
        self.move(entry.position)

    def move(self, position: int) -> None:
        """Move the cursor to `position`: all entries up to there are delivered."""
        cursors = self._log.database.cursors
        self._log.consumers[self._name] = self._log.ask(cursors.move, self.cursor, position)

    def end(self) -> None:
        """Remove the cursor: no entries are kept for it any more, and a new consumer of this name starts at the end."""
        forget_consumer(self._log, self._name)


def forget_consumer(log: DiskLog, name: str) -> None:
    """Remove a cursor, if there is one of this name."""
    if name in log.consumers:
        log.ask(log.database.cursors.close, name)
        del log.consumers[name]
