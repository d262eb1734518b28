"""The tail of log lines and spans: those that are in no file yet, waiting or in tables of DuckDB."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analytics.filters.sql_quoting import quoted_text
from analytics.store.process.numbering import Numbering
from analytics.store.records.layout import RecordLayout

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OWN_ROWS = 2_000
"""So many rows get a table of their own, which is quicker than adding them to another."""
ROW_BYTES = 512
"""Records count as if each had at most so many bytes."""
_ARRAY_TYPES = {"BIGINT": "i8", "INTEGER": "i4", "VARCHAR": "O"}
_EXTRA = {"end_time": "i8"}
"""Columns that only columns of files are made of."""


class RecordTail:
    """The records of one kind in a part of the tail.

    Args:
        last: the number of the newest record before them.

    Attributes:
        numbering: numbers them, as events are numbered.
        tables: that have the rows which do not wait.
        size: how many records there are; more where they are large: one for each `ROW_BYTES`.
        waiting: the size of those that are in no table yet.
    """

    def __init__(self, name: str, layout: RecordLayout, last: int) -> None:
        self._name, self.layout = name, layout
        self.numbering = Numbering(last)
        self.tables: list[str] = []
        self._has_mixed = False
        self._columns: dict[str, list[Any]] = {}
        self.size = self.waiting = 0

    def add(
        self, records: Sequence[Any], prefix: str, received: float, size: int, places: Sequence[int] | None = None
    ) -> None:
        """Add the kept records of an entry of the log, whose body has `size` bytes.

        Args:
            places: the indexes of those that were not erased; None for all.
        """
        first = self.numbering.take(len(records))
        seqs: Sequence[int] = range(first, first + len(records))
        if places is None:
            places = range(len(records))
        else:
            records, seqs = [records[place] for place in places], [first + place for place in places]
            if not records:
                return
        found = dict(self.layout.values_of(records, received))
        found["seq"] = seqs
        if self.layout.has_ids:
            found["id"] = [record.id or None for record in records]
            found["prefix"] = [prefix] * len(records)
            found["place"] = places
        if not self._columns:
            self._columns = {name: [] for name in found}
        for name, values in found.items():
            self._columns[name] += values
        size = max(len(records), size // ROW_BYTES)
        self.size += size
        self.waiting += size

    def settle(self, connection: "DuckDBPyConnection") -> None:
        """Put all waiting rows into tables.

        Raises:
            duckdb.Error: they could not be put there, and wait on.
        """
        columns = self._columns
        if not columns:
            return
        constants = {name: sql for name, values in columns.items() if (sql := _constant(values)) is not None}
        made = self.layout.made | constants
        select = ", ".join(f"{made.get(name, name)} AS {name}" for name in self.layout.columns)
        arrays = {name: values for name, values in columns.items() if name not in constants}
        connection.register("batch", _arrays(arrays, self.layout))
        try:
            if len(columns["seq"]) >= OWN_ROWS:
                name = f"{self._name}_{len(self.tables)}"
                connection.execute(f"CREATE TABLE {name} AS SELECT {select} FROM batch")
                self.tables.append(name)
            else:
                self._insert(connection, select)
        finally:
            connection.unregister("batch")
        self._columns, self.waiting = {}, 0

    def _insert(self, connection: "DuckDBPyConnection", select: str) -> None:
        name = f"{self._name}_mixed"
        if not self._has_mixed:
            columns = ", ".join(f"{name} {type_}" for name, type_ in self.layout.columns.items())
            connection.execute(f"CREATE TABLE {name} ({columns})")
            self._has_mixed = True
            self.tables.append(name)
        connection.execute(f"INSERT INTO {name} SELECT {select} FROM batch")


def _constant(values: Sequence[Any]) -> str | None:
    """The SQL of a text that all rows have, which need not be copied then; None where they differ."""
    first = values[0]
    if not isinstance(first, str) or first != values[-1] or "\0" in first or values.count(first) != len(values):
        return None
    return quoted_text(first)


def _arrays(columns: dict[str, list[Any]], layout: RecordLayout) -> dict[str, Any]:
    """Columns as DuckDB reads them."""
    import numpy as np

    types = {name: _ARRAY_TYPES[type_] for name, type_ in layout.columns.items()} | _EXTRA
    return {name: np.fromiter(values, types[name], len(values)) for name, values in columns.items()}
