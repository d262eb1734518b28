"""Histograms: their windows' counts are exact; quantiles lie in the same bucket as those of the values."""

from collections.abc import Iterator

import numpy as np

from analytics.promql.block import Floats, Indices, Mask
from analytics.promql.budget import Budget
from analytics.promql.dense import DenseHistograms
from analytics.promql.histogram import GAUGE
from analytics.query.cells import windows
from analytics.query.cells.axis import Places
from analytics.query.cells.figures import Figures, ValueCounts

ZERO = 1 << 18
"""Added to the index of a bucket of values, so that keys are not 0 except for zero."""
_DENSE = 1 << 17
"""Greatest number of counts in one array; there are more arrays for more."""


def increases(
    figures: Figures, places: Places, groups: Indices, count: int, budget: Budget, *, a_second: bool, hint: str = GAUGE
) -> tuple[list[DenseHistograms], Mask]:
    """The histograms of what was observed in each window by groups of series, and where there are any.

    Args:
        groups: the group of each series, from 0 to before `count`.
        a_second: divides the counts by the window's seconds.
    """
    counts, sums = _grouped(figures.count, groups, count), _grouped(figures.columns["sum"], groups, count)
    factor = (1 / places.seconds if a_second else np.ones(len(places.first)))[:, None]
    totals, summed = windows.sums(counts, places) * factor, windows.sums(sums, places) * factor
    present = windows.anywhere(counts > 0, places)
    assert figures.distributions is not None
    found = []
    for columns, part in _parts(figures.distributions, groups, count, max(len(figures.axis), len(places.first))):
        schema = int(part.scales.min()) if len(part.scales) else 0
        keys, table = _table(part, schema, columns, len(figures.axis))
        shape = (len(places.first), len(columns), len(keys))
        budget.charge(shape[0] * shape[1] * shape[2] // 2)
        is_whole = bool((part.counts == np.floor(part.counts)).all())
        running = _windowed(np.cumsum(table, axis=2).reshape(len(table), -1), places, is_whole=is_whole).reshape(shape)
        indices = np.where(keys == 0, 0, np.abs(keys) - ZERO)
        found.append(
            DenseHistograms(
                schema,
                columns,
                indices,
                np.sign(keys),
                running,
                totals[:, columns],
                summed[:, columns],
                factor[:, 0],
                hint,
            )
        )
    return found, present


def _grouped(values: Floats, groups: Indices, count: int) -> Floats:
    result = np.zeros((len(values), count))
    for row, figures in enumerate(values):
        result[row] = np.bincount(groups, weights=figures, minlength=count)
    return result


def _windowed(values: Floats, places: Places, *, is_whole: bool) -> Floats:
    """The sums of windows. Of whole numbers they are differences of running sums, which are exact."""
    if not is_whole:
        return windows.sums(values, places)
    running = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=running[1:])
    difference: Floats = running[places.last]
    difference -= running[places.first]
    return difference


def _parts(found: ValueCounts, groups: Indices, count: int, length: int) -> Iterator[tuple[Indices, ValueCounts]]:
    """Groups, and their rows with the index of the group among them as `series`.

    Each part fits into an array of `_DENSE` counts, if one group does, and has one scale, if each of its groups has.
    """
    owners = groups[found.series]
    order = np.argsort(owners.astype(np.int16) if count < 1 << 15 else owners, kind="stable")
    owners = owners[order]
    rows, keys, counts, scales = found.rows[order], found.keys[order], found.counts[order], found.scales[order]
    ends = np.searchsorted(owners, np.arange(count), side="right")
    width = len(_indexed(keys.astype(np.int64))[0])
    most = max(1, _DENSE // (length * width))
    is_uniform = bool((scales == scales[0]).all()) if len(scales) else True
    for first in range(0, count, most if is_uniform else 1):
        last = min(count, first + (most if is_uniform else 1))
        part = slice(int(ends[first - 1]) if first else 0, int(ends[last - 1]))
        places = (owners[part] - first).astype(np.int32)
        yield np.arange(first, last), ValueCounts(rows[part], places, keys[part], counts[part], scales[part])


def _table(part: ValueCounts, schema: int, columns: Indices, buckets: int) -> tuple[Indices, Floats]:
    """The keys, ascending, and the counts `[bucket of time, group, key]`."""
    keys = part.keys.astype(np.int64)
    steps = part.scales.astype(np.int64) - schema
    if steps.any():
        keys = _coarser(keys, steps)
    unique, within = _indexed(keys)
    shape = (buckets, len(columns), len(unique))
    cells = (part.rows.astype(np.int64) * shape[1] + part.series) * shape[2] + within
    flat = np.bincount(cells, weights=part.counts, minlength=shape[0] * shape[1] * shape[2])
    table: Floats = flat.reshape(shape).astype(np.float64, copy=False)
    return unique, table


def _indexed(keys: Indices) -> tuple[Indices, Indices]:
    """The different keys, ascending, and the index of each key among them."""
    if not len(keys):
        return np.zeros(1, np.int64), keys
    least, span = int(keys.min()), int(keys.max() - keys.min()) + 1
    if span > 1 << 20:
        unique, within = np.unique(keys, return_inverse=True)
        return unique, within
    is_used = np.zeros(span, bool)
    is_used[keys - least] = True
    index = np.cumsum(is_used) - 1
    return np.flatnonzero(is_used) + least, index[keys - least]


def _coarser(keys: Indices, steps: Indices) -> Indices:
    """The keys of the same values at a schema that is less by `steps`."""
    indexes = ((np.abs(keys) - ZERO - 1) >> steps) + 1 + ZERO
    coarser: Indices = np.sign(keys) * indexes
    return coarser
