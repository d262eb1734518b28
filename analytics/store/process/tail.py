"""The tail: records that are in no file yet, in tables of DuckDB."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from analytics.filters.sql_quoting import quoted_name
from analytics.store.files.arrow import ArrowRows
from analytics.store.files.figures import EventFigures, figures_together
from analytics.store.files.layout import FIXED_COLUMNS
from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import Shapes
from analytics.store.process.decoding import JournalEvent
from analytics.store.process.waiting import WaitingRows
from analytics.store.records.layout import RECORD_LAYOUTS
from analytics.store.records.tail import RecordTail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PENDING_ROWS = 20_000
"""Rows that become parts of the tail at the latest; before a question, fewer do."""
OWN_ROWS = 2_000
"""So many rows are a part of their own."""
EVENT_BYTES = 1_024
"""Events count as if each had at most so many bytes: they stay in memory until they are in files."""


class TailPart(NamedTuple):
    """Rows of the tail: the name of their table, the shapes of the rows, and the letters of its columns.

    The table is one of DuckDB, or `rows`, which each connection has to know by this name.
    """

    name: str
    shapes: set[int]
    letters: LetterSets
    rows: ArrowRows | None = None


class TailTable:
    """A part of the tail: rows that wait, and tables that they are put into before anybody reads them.

    Many rows are read where they are, in the memory of Arrow: to copy them into a table of DuckDB takes longer than to
    read them there once or twice. Few ones are added to one table.

    Attributes:
        first, last: the positions between which its entries are; `last` rises.
        number: the number of the last event up to `last`.
        rows: how many events it has.
        figures: of those in `parts`, by day; erased ones are among them.
        records: its log lines and spans, by kind.
    """

    def __init__(self, name: str, first: int, number: int, numbers: Mapping[str, int] = MappingProxyType({})) -> None:
        self.name, self.first, self.last, self.number = name, first, first, number
        self.rows = self._size = 0
        self.parts: list[TailPart] = []
        self.figures: dict[int, EventFigures] = {}
        self._mixed: TailPart | None = None
        self._columns: set[str] = set()
        self._waiting = WaitingRows()
        self.records = {
            kind: RecordTail(f"{name}_{kind}", layout, numbers.get(kind, 0)) for kind, layout in RECORD_LAYOUTS.items()
        }

    @property
    def waiting(self) -> int:
        """How many rows are in no table yet."""
        return self._waiting.count + sum(each.waiting for each in self.records.values())

    @property
    def numbers(self) -> dict[str, int]:
        """The number of the newest log line and span up to `last`, by kind."""
        return {kind: records.numbering.last for kind, records in self.records.items()}

    @property
    def size(self) -> int:
        """How many records it has in all; more where they are large."""
        return self._size + sum(each.size for each in self.records.values())

    def add(
        self,
        events: Sequence[JournalEvent],
        seqs: Iterable[int],
        ids: Iterable[str],
        times: Sequence[int],
        received: int,
        shapes: Shapes,
        size: int = 0,
    ) -> None:
        """Add events, which have `size` bytes."""
        self._waiting.add(events, seqs, ids, times, received)
        self.rows += len(events)
        self._size += max(len(events), size // EVENT_BYTES)
        if self._waiting.is_many:
            self._waiting.split(shapes)

    def settle(self, connection: "DuckDBPyConnection", shapes: Shapes) -> None:
        """Put all waiting rows into tables.

        Raises:
            duckdb.Error: some could not be put there, and wait on.
        """
        for records in self.records.values():
            records.settle(connection)
        waiting = self._waiting
        if not waiting.count:
            return
        waiting.split(shapes)
        columns = waiting.columns()
        rows = ArrowRows(columns, waiting.count)
        if waiting.count >= OWN_ROWS:
            self.parts.append(TailPart(f"{self.name}_{len(self.parts)}", waiting.shapes, waiting.letters, rows))
        else:
            self._insert(connection, rows, columns)
        for day, figures in waiting.figures(columns).items():
            self.figures[day] = figures_together(figures, self.figures.get(day))
        self._waiting = WaitingRows()

    def _insert(self, connection: "DuckDBPyConnection", rows: ArrowRows, names: Iterable[str]) -> None:
        """Add the rows that wait, which have columns of these names, to the table of few rows."""
        part = self._mixed
        if part is None:
            part = TailPart(f"{self.name}_{len(self.parts)}", set(), LetterSets())
            columns = ", ".join(f"{name} {kind}" for name, kind in FIXED_COLUMNS.items())
            connection.execute(f"CREATE TABLE {part.name} ({columns})")
            self._mixed = part
            self.parts.append(part)
        for name in names:
            if name not in FIXED_COLUMNS and name not in self._columns:
                connection.execute(f"ALTER TABLE {part.name} ADD COLUMN {quoted_name(name)} VARCHAR")
                self._columns.add(name)
        part.shapes.update(self._waiting.shapes)
        part.letters.update(self._waiting.letters)
        connection.register("batch", rows)
        try:
            connection.execute(f"INSERT INTO {part.name} BY NAME SELECT * FROM batch")
        finally:
            connection.unregister("batch")

    def relation(self) -> str:
        """SQL of all rows as they are stored; it must have some."""
        parts = [f"SELECT * FROM {part.name}" for part in self.parts]
        parts.append("SELECT NULL::VARCHAR AS rest WHERE false")  # rows that are all split have none
        return "(" + " UNION ALL BY NAME ".join(parts) + ")"


def show(parts: Iterable[TailPart], connection: "DuckDBPyConnection") -> None:
    """Let a connection know the rows that are in no table of DuckDB, before it is asked for any."""
    for part in parts:
        if part.rows is not None:
            connection.register(part.name, part.rows)


class Tail:
    """All records that are in no file yet: tables that are being written to files, and one that new records go to.

    Args:
        connect: opens a connection; called at first use.
    """

    def __init__(self, connect: Callable[[], "DuckDBPyConnection"], shapes: Shapes) -> None:
        self._connect, self.shapes = connect, shapes
        self._connection: DuckDBPyConnection | None = None
        self.lock = threading.RLock()
        """Held while rows are added, put into tables, or a part is frozen or dropped."""
        self._count = 0
        self.frozen: list[TailTable] = []
        self.open = TailTable("tail_0", 0, 0)

    @property
    def rows(self) -> int:
        """How many records are in no file yet, or more where they are large."""
        return self.open.size + sum(table.size for table in self.frozen)

    def begin(self, position: int, number: int, numbers: Mapping[str, int] = MappingProxyType({})) -> None:
        """Begin anew after a position of the log, and the numbers of the last event, log line and span up to there."""
        with self.lock:
            self._count += 1
            self.frozen, self.open = [], TailTable(f"tail_{self._count}", position, number, numbers)

    def settle(self) -> None:
        """Put all rows into tables, so that questions find them."""
        with self.lock:
            if self.open.waiting:
                self.open.settle(self.connection, self.shapes)

    def freeze(self) -> TailTable:
        """End the open table, and begin a new one after it."""
        with self.lock:
            self.settle()
            table = self.open
            self.frozen.append(table)
            self._count += 1
            self.open = TailTable(f"tail_{self._count}", table.last, table.number, table.numbers)
            return table

    def drop(self, tables: Iterable[TailTable]) -> None:
        """Drop tables that nobody reads any more."""
        with self.lock:
            for table in tables:
                names = [part.name for part in table.parts if part.rows is None]
                for name in chain(names, *(records.tables for records in table.records.values())):
                    self.connection.execute(f"DROP TABLE {name}")

    @property
    def connection(self) -> "DuckDBPyConnection":
        """The connection for changes of the tail; use it with the lock held."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection
