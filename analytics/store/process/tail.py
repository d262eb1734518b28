"""The tail: records that are in no file yet, in tables of DuckDB."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.filters.sql_quoting import quoted_name
from analytics.records import NewEvent
from analytics.store.files.layout import FIXED_COLUMNS
from analytics.store.files.shapes import COLUMN, Shapes, SplitGroup

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PENDING_ROWS = 20_000
"""Rows that are put into the table at the latest; a question puts fewer."""
OWN_TABLE_ROWS = 2_000
"""So many rows of one shape get a table of their own."""
_DTYPES = {"BIGINT": "i8", "TIMESTAMP": "M8[us]", "BOOLEAN": "?", "VARCHAR": "O"}


class WaitingRows:
    """Rows that are in no table yet, as columns; times are in microseconds since the epoch."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.columns: dict[str, list[Any]] = {name: [] for name in FIXED_COLUMNS if name not in ("shape", "rest")}

    def add(
        self, events: Sequence[NewEvent], seqs: Iterable[int], ids: Iterable[str], times: Sequence[int], received: int
    ) -> None:
        """Add events."""
        columns = self.columns
        columns["seq"] += seqs
        columns["id"] += ids
        columns["type"] += [event.type for event in events]
        columns["service"] += [event.service for event in events]
        columns["user_id"] += [event.user_id for event in events]
        columns["time"] += times
        columns["received"] += [received] * len(events)
        columns["is_timed"] += [event.timestamp is not None for event in events]
        self.data += [bytes(event.data) for event in events]


class TailPart(NamedTuple):
    """A table of DuckDB with rows of the tail: its name, and the shapes of its rows."""

    name: str
    shapes: set[int]


class TailTable:
    """A part of the tail: rows that wait, and tables that they are put into before anybody reads them.

    Many rows of one shape get a table of their own, which is twice as fast as adding them to another.

    Attributes:
        first, last: the positions between which its entries are; `last` rises.
        number: the number of the last event up to `last`.
        rows: how many it has in all, `waiting` how many are in no table yet.
    """

    def __init__(self, name: str, first: int, number: int) -> None:
        self.name, self.first, self.last, self.number = name, first, first, number
        self.rows = 0
        self.parts: list[TailPart] = []
        self._mixed: TailPart | None = None
        self._columns: set[str] = set()
        self._waiting = WaitingRows()

    @property
    def waiting(self) -> int:
        """How many rows are not in the table yet."""
        return len(self._waiting.data)

    def add(
        self, events: Sequence[NewEvent], seqs: Iterable[int], ids: Iterable[str], times: Sequence[int], received: int
    ) -> None:
        """Add events."""
        self._waiting.add(events, seqs, ids, times, received)
        self.rows += len(events)

    def settle(self, connection: "DuckDBPyConnection", shapes: Shapes) -> None:
        """Put all waiting rows into the table."""
        import numpy as np

        waiting, self._waiting = self._waiting, WaitingRows()
        arrays = {}
        for name, column in waiting.columns.items():
            dtype = _DTYPES[FIXED_COLUMNS[name]]
            is_time = dtype.startswith("M8")  # made of integers: quicker than of times
            arrays[name] = np.array(column, dtype="i8").view(dtype) if is_time else np.array(column, dtype=dtype)
        for group in shapes.split(waiting.data):
            number = 0 if group.shape is None else group.shape.number
            places = np.array(group.places)
            batch = {name: array[places] for name, array in arrays.items()}
            batch["shape"] = np.full(len(group.places), number, dtype="i2")
            for name, column in zip(_fields_of(group), group.columns, strict=True):
                batch[name] = np.array(column, dtype=object)
            connection.register("batch", batch)
            try:
                if len(group.places) >= OWN_TABLE_ROWS:
                    self._make(connection, number)
                else:
                    self._insert(connection, group, number)
            finally:
                connection.unregister("batch")

    def _make(self, connection: "DuckDBPyConnection", number: int) -> None:
        """Put the batch into a table of its own."""
        part = TailPart(f"{self.name}_{len(self.parts)}", {number})
        rest = "" if number == 0 else ", NULL::VARCHAR AS rest"
        connection.execute(f"CREATE TABLE {part.name} AS SELECT *{rest} FROM batch")
        self.parts.append(part)

    def _insert(self, connection: "DuckDBPyConnection", group: SplitGroup, number: int) -> None:
        """Add the batch to the table of all shapes."""
        part = self._mixed
        if part is None:
            part = self._mixed = TailPart(f"{self.name}_{len(self.parts)}", set())
            columns = ", ".join(f"{name} {kind}" for name, kind in FIXED_COLUMNS.items())
            connection.execute(f"CREATE TABLE {part.name} ({columns})")
            self.parts.append(part)
        for name in _fields_of(group):
            if name not in FIXED_COLUMNS and name not in self._columns:
                connection.execute(f"ALTER TABLE {part.name} ADD COLUMN {quoted_name(name)} VARCHAR")
                self._columns.add(name)
        part.shapes.add(number)
        connection.execute(f"INSERT INTO {part.name} BY NAME SELECT * FROM batch")

    def relation(self) -> str:
        """SQL of all rows as they are stored; it must have some."""
        return "(" + " UNION ALL BY NAME ".join(f"SELECT * FROM {part.name}" for part in self.parts) + ")"


def _fields_of(group: SplitGroup) -> list[str]:
    return ["rest"] if group.shape is None else [COLUMN + name for name in group.shape.fields]


class Tail:
    """All records that are in no file yet: tables that are being written to files, and one that new records go to.

    Args:
        connect: opens a connection; called at first use.
    """

    def __init__(self, connect: Callable[[], "DuckDBPyConnection"], shapes: Shapes) -> None:
        self._connect, self._shapes = connect, shapes
        self._connection: DuckDBPyConnection | None = None
        self.lock = threading.RLock()
        """Held while rows are added, put into tables, or a part is frozen or dropped."""
        self._count = 0
        self.frozen: list[TailTable] = []
        self.open = TailTable("tail_0", 0, 0)

    @property
    def rows(self) -> int:
        """How many records are in no file yet."""
        return self.open.rows + sum(table.rows for table in self.frozen)

    def begin(self, position: int, number: int) -> None:
        """Begin anew after a position of the log, and the number of the last event up to there."""
        with self.lock:
            self._count += 1
            self.frozen, self.open = [], TailTable(f"tail_{self._count}", position, number)

    def settle(self) -> None:
        """Put all rows into tables, so that questions find them."""
        with self.lock:
            if self.open.waiting:
                self.open.settle(self.connection, self._shapes)

    def freeze(self) -> TailTable:
        """End the open table, and begin a new one after it."""
        with self.lock:
            self.settle()
            table = self.open
            self.frozen.append(table)
            self._count += 1
            self.open = TailTable(f"tail_{self._count}", table.last, table.number)
            return table

    def drop(self, tables: Iterable[TailTable]) -> None:
        """Drop tables that nobody reads any more."""
        with self.lock:
            for table in tables:
                for part in table.parts:
                    self.connection.execute(f"DROP TABLE {part.name}")

    @property
    def connection(self) -> "DuckDBPyConnection":
        """The connection for changes of the tail; use it with the lock held."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection
