"""Figures of windows from figures of buckets. Arrays are `[bucket, series]` before and `[step, series]` after."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from analytics.promql.block import Floats, Indices, Mask
from analytics.query.cells.axis import Places

_AT_ONCE = 1 << 18
"""Figures that are read or written between two pauses: about a millisecond."""


_CACHED, _FEW = 1 << 14, 16
"""Figures that fit into a processor's cache; buckets of a window that are read one by one."""


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
    if present.all():
        return np.ones((len(places.first), present.shape[1]), bool)
    result = np.empty((len(places.first), present.shape[1]), bool)
    _reduce(present, places, np.logical_or, result)
    return result


def _reduce(figures: Floats | Mask, places: Places, function: np.ufunc, result: Floats | Mask) -> None:
    lengths = places.last - places.first
    if len(lengths) and bool((lengths == lengths[0]).all()):
        length = int(lengths[0])
        if length > _FEW:
            size = max(1, _CACHED // len(figures))
            for start in range(0, figures.shape[1], size):
                part = slice(start, start + size)
                result[:, part] = _doubled(figures[:, part], places.first, length, function)
                places.pause()
            return
        if bool((np.diff(places.first) == 1).all()):
            _shift(figures, int(places.first[0]), length, function, result, places.pause)
            return
    done = 0
    for step, (first, last) in enumerate(zip(places.first.tolist(), places.last.tolist(), strict=True)):
        function.reduce(figures[first:last], axis=0, out=result[step])
        done += (last - first) * figures.shape[1]
        if done > _AT_ONCE:
            done = 0
            places.pause()


def _shift(
    figures: Floats | Mask,
    first: int,
    length: int,
    function: np.ufunc,
    result: Floats | Mask,
    pause: Callable[[], None],
) -> None:
    """Windows that each begin a bucket later than the one before: the first buckets of all, then the second ones, …"""
    size = max(1, _AT_ONCE // max(1, length * figures.shape[1]))
    for start in range(0, len(result), size):
        part, low = result[start : start + size], first + start
        part[:] = figures[low : low + len(part)]
        for offset in range(low + 1, low + length):
            function(part, figures[offset : offset + len(part)], out=part)
        pause()


def _doubled(figures: Floats | Mask, first: Indices, length: int, function: np.ufunc) -> Floats | Mask:
    """Windows of the same length, from figures of 1, 2, 4, … buckets."""
    result: Floats | Mask | None = None
    size, start = 1, first
    while True:
        if length & size:
            result = figures[start] if result is None else function(result, figures[start])
            start = start + size
        if 2 * size > length:
            assert result is not None
            return result
        figures = function(figures[:-size], figures[size:])
        size *= 2


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
