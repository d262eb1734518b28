"""Windows: the figures of many series over consecutive buckets, as arrays.

A window holds the buckets as they were when it was taken, under the state's lock. Reading it needs no lock, changes
nothing, and loops over buckets alone, never over cells; numpy lets other threads run meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.state.series.ids import IdArray
from analytics.state.series.sketches import Sketches
from analytics.state.series.table import LAST_AT_COLUMN, Floats, Table, merged_all

_AT_ONCE = 1 << 16
"""Figures that are summed at once."""
Booleans = npt.NDArray[np.bool_]


class Matrix(NamedTuple):
    """One figure of many series over time.

    Attributes:
        values: `[bucket, series]`; 0 where there is none.
        present: `[bucket, series]`: whether the series has observations in the bucket.
    """

    values: Floats
    present: Booleans


class Distributions(NamedTuple):
    """Sketches of many series over time: one row for each bucket of a sketch that is not empty.

    The rows are ordered by `buckets`, `series` and `keys`.

    Attributes:
        buckets: index of the bucket of time in the window.
        series: index in the ids that were asked for.
        keys: bucket of the sketch: see `sketches.keys_of`; keys have the order of the values they stand for.
        counts: number of values.
        scales: scale of the exponential histogram that the key belongs to.
    """

    buckets: npt.NDArray[np.int32]
    series: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int32]
    counts: Floats
    scales: npt.NDArray[np.int8]


class Window:
    """Consecutive buckets of one kind and level.

    Attributes:
        starts: starts of the buckets, in seconds since the epoch; the step is their size.
    """

    def __init__(self, starts: range, tables: Sequence[Table | None], sketches: Sequence[Sketches | None]) -> None:
        self.starts = starts
        self._tables, self._sketches = tables, sketches

    def matrix(self, ids: IdArray, column: str) -> Matrix:
        """One column of the series with these ids, which are all different.

        Columns: `increase` and `count` of counters; `count`, `sum`, `min`, `max`, `last` and `last_at` (seconds since
        the epoch) of gauges; `count` and `sum` of histograms.

        Raises:
            KeyError: series of this kind have no such column.
        """
        return self.matrices(ids, column)[0]

    def matrices(self, ids: IdArray, *columns: str) -> list[Matrix]:
        """Several columns, found in one pass; all have the same array `present`."""
        shape = (len(self.starts), len(ids))
        present, values = np.zeros(shape, bool), {column: np.zeros(shape) for column in columns}
        self.read_into(ids, present, values)
        return [Matrix(each, present) for each in values.values()]

    def read_into(self, ids: IdArray, present: Booleans, columns: Mapping[str, Floats]) -> None:
        """Write columns, as in `matrix`, and presence into arrays that are 0 and false so far."""
        places, is_ordered = _places(ids), bool((ids[1:] > ids[:-1]).all())
        for rows, tables in self._alike():
            found = places.take(tables[0].keys, mode="clip")
            chosen = np.flatnonzero(found >= 0)
            into: npt.NDArray[Any] | slice = found[chosen]
            if len(chosen) == len(ids) and is_ordered:
                into = slice(None)
            for row, table in zip(rows, tables, strict=True):
                present[row, into] = True
                for column, target in columns.items():
                    figures = table.column(column)
                    target[row, into] = figures if len(chosen) == len(figures) else figures.take(chosen)
                    if column == LAST_AT_COLUMN:
                        target[row, into] += self.starts[row]

    def overall(self, ids: IdArray) -> Table | None:
        """The figures of each of these series over all buckets; `last_at` is in seconds after the first one.

        None if there are no observations.
        """
        places = _places(ids)
        parts: list[tuple[Table, float]] = []
        for start, table in zip(self.starts, self._tables, strict=True):
            if table is not None:
                chosen = places.take(table.keys, mode="clip") >= 0
                parts.append((table.where(chosen), start - self.starts.start))
        return merged_all(parts)

    def sums(self, ids: IdArray, groups: npt.NDArray[np.int64], count: int, column: str) -> Matrix:
        """The sums of one column by groups of the series with these ids: `[bucket, group]`.

        Args:
            groups: the group of each id, from 0 to before `count`.
        """
        values, present = np.zeros((len(self.starts), count)), np.zeros((len(self.starts), count), bool)
        owners = _places(ids)
        owners[ids] = groups
        for rows, tables in self._alike():
            found = owners.take(tables[0].keys, mode="clip")
            chosen = np.flatnonzero(found >= 0)
            if not len(chosen):
                continue
            found, part = found[chosen], slice(rows.start, rows.stop)
            figures = [table.column(column) for table in tables]
            if len(chosen) < len(tables[0]):
                figures = [each.take(chosen) for each in figures]
            cells = (np.arange(len(tables))[:, None] * count + found).ravel()
            summed = np.bincount(cells, weights=np.concatenate(figures), minlength=len(tables) * count)
            values[part] = summed.reshape(len(tables), count)
            present[part] = np.bincount(found, minlength=count) > 0
        return Matrix(values, present)

    def _alike(self) -> Iterator[tuple[range, list[Table]]]:
        """Tables that follow each other and have the same keys, some at a time, and their rows."""
        tables: list[Table] = []
        for row, table in enumerate((*self._tables, None)):
            is_alike = bool(tables) and table is not None and _same(tables[0].keys, table.keys)
            if tables and (not is_alike or len(tables) * len(tables[0]) >= _AT_ONCE):
                yield range(row - len(tables), row), tables
                tables = []
            if table is not None:
                tables.append(table)

    def distributions(self, ids: IdArray) -> Distributions:
        """The sketches of the series with these ids, which are all different: of histograms, and of gauges."""
        places, is_ordered = _places(ids), bool((ids[1:] > ids[:-1]).all())
        known = [(row, sketches) for row, sketches in enumerate(self._sketches) if sketches is not None]
        (owners, keys, counts, scales), lengths = Sketches.rows_of([sketches for _, sketches in known])
        buckets = np.repeat(np.array([row for row, _ in known], np.int32), lengths)
        series = places.take(owners, mode="clip")
        chosen: npt.NDArray[np.intp] | slice = slice(None)
        if len(series) and series.min() < 0:
            chosen = np.flatnonzero(series >= 0)
        if not is_ordered:
            rows = np.arange(len(series))[chosen]
            chosen = rows[np.lexsort((series[rows], buckets[rows]))]
        return Distributions(buckets[chosen], series[chosen], keys[chosen], counts[chosen], scales[chosen])


def _same(keys: npt.NDArray[Any], others: npt.NDArray[Any]) -> bool:
    return keys is others or (len(keys) == len(others) and bool((keys == others).all()))


def _places(ids: IdArray) -> npt.NDArray[np.int32]:
    """The index in `ids` by id, -1 for others; the last element stands for all greater ids."""
    places = np.full(int(ids.max(initial=-1)) + 2, -1, np.int32)
    places[ids] = np.arange(len(ids), dtype=np.int32)
    return places
