"""The mirror of a ring of records: a table of SQLite in memory with the same records."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from analytics.query.reader import Reader
from analytics.query.records.table import add_rows, opened_table
from analytics.record_rows import RecordColumns
from analytics.state.rings import RingSlice
from analytics.state.state import State

BLOCK_ROWS = 1_000
"""Records that are copied at once."""
STEPS = 20_000
"""Instructions of SQLite between two looks whether a question is over."""


class RecordMirror:
    """The records of a kind in a table. One thread at a time may use it.

    Args:
        columns: of the table.
        values_of: makes the columns of records, and when they were received.
        reader: reads the state, from any thread.
        pause: called between two blocks of records.
    """

    def __init__(
        self,
        kind: str,
        columns: Sequence[str],
        values_of: Callable[[Sequence[Any], float], RecordColumns],
        reader: Reader,
        pause: Callable[[], None],
    ) -> None:
        self._kind, self._columns, self._values_of = kind, columns, values_of
        self._reader, self._pause = reader, pause
        self._db: sqlite3.Connection | None = None
        self._last = self._erasures = 0
        """The number of the newest record in the table, and how many erasures it reflects."""

    def update(self) -> None:
        """Copy the records that came since the last time, and delete those that the ring dropped."""
        db = self._opened()
        while True:
            slices, oldest, newest, erasures = self._reader.ask(_newer, self._kind, self._last, BLOCK_ROWS)
            if newest < self._last or erasures != self._erasures:  # the state began anew, or records were erased
                db.execute("DELETE FROM records")
                self._last, self._erasures = 0, erasures
                continue
            db.execute("BEGIN")
            db.execute("DELETE FROM records WHERE seq < ?", (oldest,))
            for each in slices:
                self._add(db, each)
            db.execute("COMMIT")
            self._last = newest if not slices else slices[-1].before + slices[-1].places.stop
            if self._last >= newest:
                return
            self._pause()

    def rows(self, statement: str, parameters: Sequence[Any], is_over: Callable[[], bool]) -> list[list[Any]]:
        """The rows of a SELECT.

        Args:
            is_over: called now and then; the statement is given up when it returns True or raises.

        Raises:
            sqlite3.Error: it is wrong, or was given up.
        """
        db = self._opened()
        db.set_progress_handler(is_over, STEPS)
        try:
            return [list(row) for row in db.execute(statement, tuple(parameters))]
        finally:
            db.set_progress_handler(None, 0)

    def _add(self, db: sqlite3.Connection, records: RingSlice[Any]) -> None:
        before, kept, _ = records
        places = kept.places(records.places)
        columns = dict(self._values_of([kept.records[place] for place in places], kept.received))
        columns["seq"] = [before + 1 + place for place in places]
        if "id" in self._columns:
            columns["id"] = [kept.id(place) for place in places]
        add_rows(db, self._columns, columns)

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            db = opened_table(self._columns)
            db.execute("CREATE INDEX records_of_trace ON records (trace_id, span_id)")
            self._db = db
        return self._db


def _newer(state: State, now: float, kind: str, after: int, limit: int) -> tuple[list[RingSlice[Any]], int, int, int]:
    """Records of a ring above a number, the numbers of its oldest and newest record, and how often it had erasures."""
    ring = state.rings[kind]
    return ring.slices(after, limit), ring.oldest_sequence, ring.last_sequence, ring.erasures
