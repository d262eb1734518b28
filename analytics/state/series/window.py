"""Windows: the figures of many series over consecutive buckets, as arrays.

A window holds the buckets as they were when it was taken, under the state's lock. Reading it needs no lock, changes
nothing, and loops over buckets alone, never over cells; numpy lets other threads run meanwhile.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.state.series.ids import IdArray
from analytics.state.series.sketches import Sketches
from analytics.state.series.table import LAST_AT_COLUMN, Floats, Table, merged_all

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
        present = np.zeros(shape, bool)
        values = [np.zeros(shape) for _ in columns]
        places = _places(ids)
        for row, table in enumerate(self._tables):
            if table is None:
                continue
            found = places.take(table.keys, mode="clip")
            rows = np.flatnonzero(found >= 0)
            into = found[rows]
            present[row, into] = True
            for column, target in zip(columns, values, strict=True):
                figures = table.column(column)[rows].astype(np.float64)
                target[row, into] = figures + self.starts[row] if column == LAST_AT_COLUMN else figures
        return [Matrix(each, present) for each in values]

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
        for row, table in enumerate(self._tables):
            if table is None:
                continue
            found, figures = owners.take(table.keys, mode="clip"), table.column(column)
            if len(found) and found.min() < 0:
                rows = np.flatnonzero(found >= 0)
                found, figures = found[rows], figures[rows]
            values[row] = np.bincount(found, weights=figures, minlength=count)
            present[row] = np.bincount(found, minlength=count) > 0
        return Matrix(values, present)

    def distributions(self, ids: IdArray) -> Distributions:
        """The sketches of the series with these ids, which are all different: of histograms, and of gauges."""
        places = _places(ids)
        parts: list[tuple[npt.NDArray[Any], ...]] = []
        for row, sketches in enumerate(self._sketches):
            if sketches is None:
                continue
            owners, keys, counts, scales = sketches.rows()
            series = places.take(owners, mode="clip")
            chosen = np.flatnonzero(series >= 0)
            series = series[chosen]
            order = np.argsort(series, kind="stable")
            chosen, series = chosen[order], series[order]
            bucket = np.full(len(chosen), row, np.int32)
            parts.append((bucket, series, keys[chosen], counts[chosen], scales[chosen]))
        if not parts:
            none = np.zeros(0, np.int32)
            return Distributions(none, none, none, np.zeros(0), np.zeros(0, np.int8))
        return Distributions(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _places(ids: IdArray) -> npt.NDArray[np.int32]:
    """The index in `ids` by id, -1 for others; the last element stands for all greater ids."""
    places = np.full(int(ids.max(initial=-1)) + 2, -1, np.int32)
    places[ids] = np.arange(len(ids), dtype=np.int32)
    return places
