"""The tail: records that are in no file yet, in tables of DuckDB."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.sql_quoting import quoted_name
from analytics.store.files.layout import FIXED_COLUMNS
from analytics.store.files.letters import LetterSets
from analytics.store.files.shapes import COLUMN, Fields, Shapes, SplitGroup
from analytics.store.process.decoding import JournalEvent, SplitEvent
from analytics.store.records.layout import RECORD_LAYOUTS
from analytics.store.records.tail import RecordTail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PENDING_ROWS = 20_000
"""Rows that are put into the table at the latest; a question puts fewer."""
SPLIT_ROWS = 1_000
"""Rows that are split at once: so few that they stay in the cache of the processor meanwhile."""
OWN_TABLE_ROWS = 2_000
"""So many rows of one shape get a table of their own."""
_DTYPES = {"BIGINT": "i8", "TIMESTAMP": "M8[us]", "BOOLEAN": "?", "VARCHAR": "O"}
_SPLIT = ("shape", "rest")
Columns = dict[str, list[Any]]


class WaitingRows:
    """Rows that are in no table yet, as columns, by shape; times are in microseconds since the epoch."""

    def __init__(self) -> None:
        self._data: list[bytes | Fields] = []
        self._columns = _no_rows()
        self._by_shape: dict[int, Columns] = {}
        self.letters: dict[int, LetterSets] = {}
        """Of data, by shape."""
        self.count = 0

    def add(
        self,
        events: Sequence[JournalEvent],
        seqs: Iterable[int],
        ids: Iterable[str],
        times: Sequence[int],
        received: int,
    ) -> None:
        """Add events."""
        columns = self._columns
        columns["seq"] += seqs
        columns["id"] += ids
        columns["type"] += [event.type for event in events]
        columns["service"] += [event.service for event in events]
        columns["user_id"] += [event.user_id for event in events]
        columns["time"] += times
        columns["received"] += [received] * len(events)
        columns["is_timed"] += [event.timestamp is not None for event in events]
        self._data += [event.data if isinstance(event, SplitEvent) else bytes(event.data) for event in events]
        self.count += len(events)

    @property
    def is_many(self) -> bool:
        """Whether it is time to split rows."""
        return len(self._data) >= SPLIT_ROWS

    def split(self, shapes: Shapes) -> Mapping[int, Columns]:
        """Split the rows by shape; returns all columns of each shape, 0 for data that stays whole."""
        columns, self._columns, data, self._data = self._columns, _no_rows(), self._data, []
        for group in shapes.split(data):
            number = 0 if group.shape is None else group.shape.number
            into = self._by_shape.get(number)
            if into is None:
                into = self._by_shape[number] = {name: [] for name in (*_no_rows(), *_fields_of(group))}
            is_all = group.places == list(range(len(data)))
            for name, column in columns.items():
                into[name] += column if is_all else [column[place] for place in group.places]
            letters = self.letters.setdefault(number, LetterSets())
            for name, joined in zip(_fields_of(group), group.columns, strict=True):
                into[name] += joined.decode().split("\n")
                letters.add(name, joined)
        return self._by_shape


class TailPart(NamedTuple):
    """A table of DuckDB with rows of the tail: its name, the shapes of its rows, and the letters of its columns."""

    name: str
    shapes: set[int]
    letters: LetterSets


class TailTable:
    """A part of the tail: rows that wait, and tables that they are put into before anybody reads them.

    Many rows of one shape get a table of their own, which is twice as fast as adding them to another.

    Attributes:
        first, last: the positions between which its entries are; `last` rises.
        number: the number of the last event up to `last`.
        rows: how many events it has.
        records: its log lines and spans, by kind.
    """

    def __init__(self, name: str, first: int, number: int, numbers: Mapping[str, int] = MappingProxyType({})) -> None:
        self.name, self.first, self.last, self.number = name, first, first, number
        self.rows = 0
        self.parts: list[TailPart] = []
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
        """How many rows it has in all, or more where log lines and spans are large."""
        return self.rows + sum(each.size for each in self.records.values())

    def add(
        self,
        events: Sequence[JournalEvent],
        seqs: Iterable[int],
        ids: Iterable[str],
        times: Sequence[int],
        received: int,
        shapes: Shapes,
    ) -> None:
        """Add events."""
        self._waiting.add(events, seqs, ids, times, received)
        self.rows += len(events)
        if self._waiting.is_many:
            self._waiting.split(shapes)

    def settle(self, connection: "DuckDBPyConnection", shapes: Shapes) -> None:
        """Put all waiting rows into tables."""
        for records in self.records.values():
            records.settle(connection)
        waiting, self._waiting = self._waiting, WaitingRows()
        for number, columns in waiting.split(shapes).items():
            connection.register("batch", _arrays(columns, number))
            try:
                is_many = len(columns["seq"]) >= OWN_TABLE_ROWS
                part = self._make(connection, number) if is_many else self._insert(connection, columns, number)
            finally:
                connection.unregister("batch")
            part.letters.update(waiting.letters[number])
            for name in EVENT_FIELDS.searched:
                distinct = columns[name] if name == "id" else set(columns[name])
                part.letters.add(name, "".join(filter(None, distinct)).encode())

    def _make(self, connection: "DuckDBPyConnection", number: int) -> TailPart:
        """Put the batch into a table of its own."""
        part = TailPart(f"{self.name}_{len(self.parts)}", {number}, LetterSets())
        rest = "" if number == 0 else ", NULL::VARCHAR AS rest"
        connection.execute(f"CREATE TABLE {part.name} AS SELECT *{rest} FROM batch")
        self.parts.append(part)
        return part

    def _insert(self, connection: "DuckDBPyConnection", names: Iterable[str], number: int) -> TailPart:
        """Add the batch, with columns of these names, to the table of all shapes."""
        part = self._mixed
        if part is None:
            part = self._mixed = TailPart(f"{self.name}_{len(self.parts)}", set(), LetterSets())
            columns = ", ".join(f"{name} {kind}" for name, kind in FIXED_COLUMNS.items())
            connection.execute(f"CREATE TABLE {part.name} ({columns})")
            self.parts.append(part)
        for name in names:
            if name not in FIXED_COLUMNS and name not in self._columns:
                connection.execute(f"ALTER TABLE {part.name} ADD COLUMN {quoted_name(name)} VARCHAR")
                self._columns.add(name)
        part.shapes.add(number)
        connection.execute(f"INSERT INTO {part.name} BY NAME SELECT * FROM batch")
        return part

    def relation(self) -> str:
        """SQL of all rows as they are stored; it must have some."""
        return "(" + " UNION ALL BY NAME ".join(f"SELECT * FROM {part.name}" for part in self.parts) + ")"


def _no_rows() -> Columns:
    return {name: [] for name in FIXED_COLUMNS if name not in _SPLIT}


def _fields_of(group: SplitGroup) -> list[str]:
    return ["rest"] if group.shape is None else [COLUMN + name for name in group.shape.fields]


def _arrays(columns: Columns, shape: int) -> dict[str, Any]:
    """Columns as DuckDB reads them."""
    import numpy as np

    arrays = {"shape": np.full(len(columns["seq"]), shape, dtype="i2")}
    for name, column in columns.items():
        dtype = _DTYPES[FIXED_COLUMNS.get(name, "VARCHAR")]
        is_time = dtype.startswith("M8")  # made of integers: quicker than of times
        array = np.fromiter(column, "i8" if is_time else dtype, len(column))  # in half the time of `np.array`
        arrays[name] = array.view(dtype) if is_time else array
    return arrays


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
                names = [part.name for part in table.parts]
                for name in chain(names, *(records.tables for records in table.records.values())):
                    self.connection.execute(f"DROP TABLE {name}")

    @property
    def connection(self) -> "DuckDBPyConnection":
        """The connection for changes of the tail; use it with the lock held."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection
