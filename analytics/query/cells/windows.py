"""Figures of windows from figures of buckets. Arrays are `[bucket, series]` before and `[step, series]` after."""

import numpy as np
import numpy.typing as npt

from analytics.promql.block import Floats, Indices, Mask
from analytics.query.cells.axis import Places

_AT_ONCE = 1 << 18
"""Figures that are read or written between two pauses: about a millisecond."""


def reduced(values: Floats, places: Places, function: np.ufunc) -> Floats:
    """The buckets of each window made one by `np.add`, `np.fmin` or `np.fmax`."""
    result = np.empty((len(places.first), values.shape[1]))
    _reduce(values, places, function, result)
    return result


def sums(values: Floats, places: Places) -> Floats:
    """The sum of each window's buckets."""
    return reduced(values, places, np.add)


def anywhere(present: Mask, places: Places) -> Mask:
    """Whether any bucket of each window has data."""
    result = np.empty((len(places.first), present.shape[1]), bool)
    _reduce(present, places, np.logical_or, result)
    return result


def _reduce(figures: Floats | Mask, places: Places, function: np.ufunc, result: Floats | Mask) -> None:
    done = 0
    for step, (first, last) in enumerate(zip(places.first.tolist(), places.last.tolist(), strict=True)):
        function.reduce(figures[first:last], axis=0, out=result[step])
        done += (last - first) * figures.shape[1]
        if done > _AT_ONCE:
            done = 0
            places.pause()


def newest(present: Mask, places: Places) -> tuple[Indices, Mask]:
    """The row of each window's last bucket with data, and whether there is one."""
    row = np.where(present, np.arange(len(present), dtype=np.int32)[:, None], np.int32(-1))
    before = np.maximum.accumulate(row, axis=0)
    places.pause()
    rows = before[places.last - 1]
    places.pause()
    return rows, rows >= places.first[:, None]


def taken(values: Floats, rows: Indices, places: Places) -> Floats:
    """The figures at these rows."""
    found: Floats = np.empty(rows.shape)
    columns = np.arange(values.shape[1])[None, :]
    size = max(1, _AT_ONCE // max(1, values.shape[1]))
    for start in range(0, len(rows), size):
        part = slice(start, start + size)
        found[part] = values[np.maximum(rows[part], 0), columns]
        places.pause()
    return found


def remaining(values: Floats) -> Floats:
    """For each bucket, and the end, the sum of it and all later ones; shape `[bucket + 1, series]`."""
    result: npt.NDArray[np.float64] = np.zeros((len(values) + 1, values.shape[1]))
    result[:-1] = np.cumsum(values[::-1], axis=0)[::-1]
    return result
