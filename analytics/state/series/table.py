"""Tables: figures of many series in one bucket of time, in columns ordered by key.

A table never changes: adding to it makes another one. So tables can be read at any time, in any thread.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from analytics.points import COUNTER, GAUGE, HISTOGRAM

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.int64] | npt.NDArray[np.int32]
Figures = npt.NDArray[Any]
"""A column; its type is in the layout."""

ADD, MIN, MAX, LAST = "add", "min", "max", "last"
COUNT_COLUMN, INCREASE_COLUMN, SUM_COLUMN, LAST_AT_COLUMN = "count", "increase", "sum", "last_at"


class Column(NamedTuple):
    """A column: its name, its type in a table, and how the figures of a series are merged.

    `last` takes the figure whose `last_at` is the greatest; among equal ones, the one that was merged last.
    """

    name: str
    type: str
    merge: str


LAYOUTS: dict[str, tuple[Column, ...]] = {
    COUNTER: (Column(COUNT_COLUMN, "i4", ADD), Column(INCREASE_COLUMN, "f8", ADD)),
    GAUGE: (
        Column(COUNT_COLUMN, "i4", ADD),
        Column(SUM_COLUMN, "f8", ADD),
        Column("min", "f8", MIN),
        Column("max", "f8", MAX),
        Column(LAST_AT_COLUMN, "f4", MAX),
        Column("last", "f8", LAST),
    ),
    HISTOGRAM: (Column(COUNT_COLUMN, "f8", ADD), Column(SUM_COLUMN, "f8", ADD)),
}
"""Columns by kind of series. `last_at` is in seconds after the start of the bucket."""


class Table:
    """Figures by key: one array for each column, all in the order of the ascending `keys`.

    Example:
        >>> Table.of_values(GAUGE, np.array([7, 7]), np.array([1.0, 3.0]), np.array([0.0, 0.5])).column("sum")
        array([4.])
    """

    __slots__ = ("_columns", "keys", "layout")

    def __init__(self, layout: Sequence[Column], keys: Keys, columns: Sequence[Figures]) -> None:
        self.layout, self.keys, self._columns = layout, keys, columns

    @classmethod
    def of_values(cls, kind: str, ids: npt.NDArray[np.int32], values: Floats, offsets: Floats) -> Self:
        """A table of single observations, in the order of the log.

        Args:
            kind: counters have increases as `values`, gauges values. Histograms: see `of_totals`.
            offsets: seconds after the start of the bucket.
        """
        layout = LAYOUTS[kind]
        order = np.lexsort((offsets, ids)) if kind == GAUGE else np.argsort(ids, kind="stable")
        ids, values = ids[order], values[order]
        firsts = _firsts(ids)
        counts = np.diff(firsts, append=len(ids)).astype(np.int32)
        sums = np.add.reduceat(values, firsts)
        if kind == COUNTER:
            return cls(layout, ids[firsts], (counts, sums))
        lasts = np.append(firsts[1:], len(ids)) - 1
        return cls(
            layout,
            ids[firsts],
            (
                counts,
                sums,
                np.minimum.reduceat(values, firsts),
                np.maximum.reduceat(values, firsts),
                offsets[order][lasts].astype(np.float32),
                values[lasts],
            ),
        )

    @classmethod
    def of_sums(cls, layout: Sequence[Column], keys: Keys, columns: Sequence[Figures]) -> Self:
        """A table of figures that all add up; a key may come more than once."""
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        firsts = _firsts(keys)
        sums = [np.add.reduceat(figures[order], firsts) for figures in columns]
        return cls(layout, keys[firsts], sums)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def columns(self) -> Sequence[Figures]:
        """All columns, in the order of the layout."""
        return self._columns

    def column(self, name: str) -> Figures:
        """The figures of one column.

        Raises:
            KeyError: these series have no such column.
        """
        for place, column in enumerate(self.layout):
            if column.name == name:
                return self._columns[place]
        raise KeyError(name)

    def merged(self, other: "Table", shift: float = 0.0) -> "Table":
        """The sum of this table and `other`, whose bucket starts `shift` seconds after the start of this one."""
        columns = other._columns
        if shift:
            columns = [
                (figures + np.float32(shift)).astype(figures.dtype) if column.name == LAST_AT_COLUMN else figures
                for column, figures in zip(self.layout, columns, strict=True)
            ]
        mine, theirs = self.keys, other.keys
        places = np.searchsorted(mine, theirs)
        known = mine.take(places, mode="clip") == theirs if len(mine) else np.zeros(len(theirs), bool)
        into, new = places[known], ~known
        merged = self._merged_columns(into, [figures[known] for figures in columns])
        if not new.any():
            return Table(self.layout, mine, merged)
        keys = np.concatenate((mine, theirs[new]))
        order = np.argsort(keys, kind="stable")
        joined = [np.concatenate((old, more[new]))[order] for old, more in zip(merged, columns, strict=True)]
        return Table(self.layout, keys[order], joined)

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Table":
        """The rows for which `chosen` is true."""
        return Table(self.layout, self.keys[chosen], [figures[chosen] for figures in self._columns])

    def sharing_keys(self, other: "Table") -> "Table":
        """This table, with the array of keys of `other` if they are equal: it takes memory once."""
        same = self.keys is not other.keys and np.array_equal(self.keys, other.keys)
        return Table(self.layout, other.keys, self._columns) if same else self

    def _merged_columns(self, into: npt.NDArray[np.intp], more: Sequence[Figures]) -> list[Figures]:
        """Copies of the columns, with `more` merged into the rows `into`, which are all different."""
        merged: list[Figures] = [figures.copy() for figures in self._columns]
        later: npt.NDArray[np.bool_] | None = None
        for column, figures, added in zip(self.layout, merged, more, strict=True):
            own = figures[into]
            if column.merge == ADD:
                figures[into] = own + added
            elif column.merge == MIN:
                figures[into] = np.minimum(own, added)
            elif column.merge == MAX:
                if column.name == LAST_AT_COLUMN:
                    later = added >= own
                figures[into] = np.maximum(own, added)
            else:
                assert later is not None, "last_at comes before last"
                figures[into] = np.where(later, added, own)
        return merged


def merged_all(tables: Iterable[tuple[Table, float]]) -> Table | None:
    """The sum of tables, each with the seconds by which its bucket starts later; None if there are none."""
    total: Table | None = None
    for table, shift in tables:
        if total is None:
            total = Table(table.layout, table.keys[:0], [figures[:0] for figures in table.columns])
        total = total.merged(table, shift)
    return total


def _firsts(ordered: Keys) -> npt.NDArray[np.intp]:
    """The index of the first of each run of equal keys."""
    is_first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return np.flatnonzero(is_first)
