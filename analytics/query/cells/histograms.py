"""Histograms: their windows' counts are exact; quantiles lie in the same bucket as those of the values."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from analytics.promql.block import Floats, Indices, Mask
from analytics.promql.budget import Budget
from analytics.promql.dense import BLOCK, DenseHistograms, WindowCounts
from analytics.promql.histogram import GAUGE
from analytics.query.cells import windows
from analytics.query.cells.axis import Places
from analytics.query.cells.figures import Figures, ValueCounts
from analytics.state.series.sketches import INDEX_OFFSET

_DENSE = 1 << 17
"""Greatest number of counts in one array; there are more arrays for more."""
_LONG = 64
"""Buckets of time in a window that are summed one by one; of longer ones differences of running sums are taken."""


def increases(
    figures: Figures, places: Places, groups: Indices, count: int, budget: Budget, *, a_second: bool, hint: str = GAUGE
) -> tuple[list[DenseHistograms], Mask]:
    """The histograms of what was observed in each window by groups of series, and where there are any.

    Args:
        groups: the group of each series, from 0 to before `count`.
        a_second: divides the counts by the window's seconds.
    """
    assert figures.distributions is not None
    budget.charge(len(figures.distributions.rows))
    counts, sums = _grouped(figures.count, groups, count), _grouped(figures.columns["sum"], groups, count)
    factor = (1 / places.seconds if a_second else np.ones(len(places.first)))[:, None]
    totals, summed = windows.sums(counts, places) * factor, windows.sums(sums, places) * factor
    present = windows.anywhere(counts > 0, places)
    assert figures.distributions is not None
    steps, buckets, found = len(places.first), len(figures.axis), []
    is_short = int((places.last - places.first).max(initial=0)) <= _LONG and buckets <= 2 * steps
    for columns, part in _parts(figures.distributions, groups, count, buckets):
        width, blocks = len(part.keys), _padded(part.keys) // BLOCK
        budget.charge(steps * len(columns) * width // 2)
        shape = (len(columns), buckets, _padded(part.keys))
        size = shape[0] * buckets * blocks
        rough = np.asarray(np.bincount(part.cells // BLOCK, part.counts, size), np.float64)
        is_whole = bool((part.counts == np.floor(part.counts)).all())
        running = np.cumsum(
            _windowed(rough.reshape(*shape[:2], blocks), places, is_whole=is_whole).transpose(1, 0, 2), axis=2
        )
        held = WindowCounts(shape, part.cells, part.counts, places.first, places.last)
        if not is_short:
            held = _by_step(held, is_whole=is_whole)
        keys = np.append(part.keys, np.full(shape[2] - width, part.keys[-1]))
        found.append(
            DenseHistograms(
                part.schema,
                columns,
                np.where(keys == 0, 0, np.abs(keys) - INDEX_OFFSET),
                np.sign(keys),
                held,
                running,
                totals[:, columns],
                summed[:, columns],
                factor[:, 0],
                hint,
            )
        )
    return found, present


def _by_step(counts: WindowCounts, *, is_whole: bool) -> WindowCounts:
    """Counts with one bucket of time for each step."""
    every = np.arange(len(counts.first))
    table = _windowed(counts.table(), Places(counts.first, counts.last, np.ones(len(every))), is_whole=is_whole)
    cells = np.flatnonzero(table)
    shape = (counts.shape[0], len(every), counts.shape[2])
    return WindowCounts(shape, cells, table.ravel()[cells], every, every + 1)


def _grouped(values: Floats, groups: Indices, count: int) -> Floats:
    if count == len(groups) and bool((groups == np.arange(count)).all()):
        return values
    cells = np.arange(len(values))[:, None] * count + groups
    summed = np.bincount(cells.ravel(), weights=values.ravel(), minlength=len(values) * count)
    return np.asarray(summed.reshape(len(values), count), np.float64)


def _windowed(values: Floats, places: Places, *, is_whole: bool) -> Floats:
    """The sums of windows, along the second axis. Of whole numbers they are differences of running sums: exact."""
    if not is_whole:
        by_time = np.ascontiguousarray(values.transpose(1, 0, 2)).reshape(values.shape[1], -1)
        summed = windows.sums(by_time, places).reshape(-1, values.shape[0], values.shape[2])
        return np.ascontiguousarray(summed.transpose(1, 0, 2))
    running = np.zeros((values.shape[0], values.shape[1] + 1, values.shape[2]))
    np.cumsum(values, axis=1, out=running[:, 1:])
    difference: Floats = running[:, places.last]
    difference -= running[:, places.first]
    return difference


class _Part(NamedTuple):
    """The counts of some groups.

    Attributes:
        keys: buckets of values, ascending.
        cells: for each count its place in an array `[group, bucket of time, key]`, in which the number of keys is a
            multiple of `BLOCK`.
    """

    schema: int
    keys: Indices
    cells: Indices
    counts: Floats


def _parts(found: ValueCounts, groups: Indices, count: int, buckets: int) -> Iterator[tuple[Indices, _Part]]:
    """Groups, and their counts.

    Each part fits into an array of `_DENSE` counts, if one group does, and has one scale, if each of its groups has.
    """
    owners = groups.astype(np.int16 if count < 1 << 15 else np.int64).take(found.series)
    order = np.argsort(owners, kind="stable")
    ends = np.cumsum(np.bincount(owners, minlength=count))
    is_uniform = bool((found.scales == found.scales[0]).all()) if len(found.scales) else True
    keys, within = _indexed(found.keys)
    width = _padded(keys)
    times = found.rows.astype(np.int64) if buckets * width >= 1 << 31 else found.rows
    most = max(1, _DENSE // (buckets * width)) if is_uniform else 1
    cells = times * width + within
    for first in range(0, count, most):
        last = min(count, first + most)
        rows = order[int(ends[first - 1]) if first else 0 : int(ends[last - 1])]
        counts, schema = found.counts[rows], int(found.scales[rows[0]]) if len(rows) else 0
        if is_uniform:
            some = cells[rows] + (owners[rows].astype(np.int64) - first) * (buckets * width)
            yield np.arange(first, last), _Part(schema, keys, some, counts)
            continue
        schema = int(found.scales[rows].min()) if len(rows) else 0
        own, inside = _indexed(_coarser(found.keys[rows], found.scales[rows].astype(np.int64) - schema))
        yield (
            np.arange(first, last),
            _Part(schema, own, found.rows[rows].astype(np.int64) * _padded(own) + inside, counts),
        )


def _padded(keys: Indices) -> int:
    """The number of keys, rounded up to a multiple of `BLOCK`."""
    return -(-len(keys) // BLOCK) * BLOCK


def _indexed(keys: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> tuple[Indices, Indices]:
    """The different keys, ascending, and the index of each key among them."""
    if not len(keys):
        return np.zeros(1, np.int64), np.zeros(0, np.int64)
    near, gap = keys, 0
    if int(keys.min()) <= 0 < int(keys.max()):  # close the gaps around 0, from which all other keys are far
        gap = int(np.abs(keys[keys != 0]).min()) - 1
        near = (keys - np.sign(keys) * gap).astype(np.int32)
    least, span = int(near.min()), int(near.max()) - int(near.min()) + 1
    if span > 1 << 20:
        unique, within = np.unique(keys, return_inverse=True)
        return unique.astype(np.int64), within
    is_used = np.zeros(span, bool)
    is_used[near - least] = True
    index = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    used = np.flatnonzero(is_used) + least
    return used + np.sign(used) * gap, index.take(near - least)


def _coarser(
    keys: "np.ndarray[tuple[int], np.dtype[np.int32]]", steps: Indices
) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    """The keys of the same values at a schema that is less by `steps`."""
    indexes = ((np.abs(keys.astype(np.int64)) - INDEX_OFFSET - 1) >> steps) + 1 + INDEX_OFFSET
    coarser: np.ndarray[tuple[int], np.dtype[np.int32]] = (np.sign(keys) * indexes).astype(np.int32)
    return coarser
