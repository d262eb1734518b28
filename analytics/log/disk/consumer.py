"""Consumers: readers of the log that go on where they were, also after a restart."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from analytics.log.disk.cursors import Cursor
from analytics.log.disk.log import DiskLog
from analytics.log.disk.recovery import read_chunk, records_of


class Written(NamedTuple):
    """An entry as a consumer reads it: its position, kind, time of arrival (seconds since the epoch) and records."""

    position: int
    kind: str
    received: float
    id_prefix: str
    records: Sequence[Any]


class Consumer:
    """Reads entries of the log in order, once they are written, from a cursor that is kept under its name.

    Deliver first and call `done` afterwards: after a crash in between, the same entries are read again. Entries wait
    for a consumer up to ANALYTICS_LOG_MAX_BYTES; what it misses beyond that is logged, and counted in `/stats`.

    >>> consumer = Consumer(log, "archive")
    >>> while entries := consumer.read():
    ...     archive(entries)
    ...     consumer.done(entries[-1])

    Raises:
        CannotStore, sqlite3.Error: the log cannot be read now.
    """

    def __init__(self, log: DiskLog, name: str) -> None:
        self._log, self._name = log, name
        log.consumers[name] = log.ask(log.database.cursors.open, name, log.written)

    @property
    def cursor(self) -> Cursor:
        """How far it has read, and how many entries it missed."""
        return self._log.consumers[self._name]

    def read(self) -> list[Written]:
        """The next entries, about 1 MiB of them; none where all that is written was read.

        Records are as requests sent them: whether each was accepted is decided when the entry is applied.
        """
        database = self._log.database
        entries = self._log.ask(read_chunk, database, self.cursor.position, self._log.written)
        return [
            Written(entry.position, entry.kind, entry.received, entry.id_prefix, records_of(entry)) for entry in entries
        ]

    def done(self, entry: Written) -> None:
        """Move the cursor behind `entry`: it and all before it are dealt with."""
        cursors = self._log.database.cursors
        self._log.consumers[self._name] = self._log.ask(cursors.move, self.cursor, entry.position)

    def end(self) -> None:
        """Remove the cursor: entries no longer wait for this consumer, and a later one of its name begins anew."""
        self._log.ask(self._log.database.cursors.close, self._name)
        del self._log.consumers[self._name]
