"""Instant vectors from samples: the newest one of each series at each time."""

import numpy as np

from analytics.promql.block import Block, Floats, Indices, Mask, Times, empty, no_objects
from analytics.promql.storage import Samples

_AT_ONCE = 1 << 18
"""Values that are looked up at once, to bound what is needed besides the result."""


def latest(samples: Samples, times: Times, lookback: int) -> Block:
    """The newest sample in `(time - lookback, time]`. A series that ended is not present."""
    if not len(samples.times) or not len(times):
        return empty(len(times))
    shape = (len(times), len(samples.series))
    values, present = np.empty(shape), np.empty(shape, bool)
    histograms = None if samples.histograms is None else no_objects(shape)
    columns = np.arange(len(samples.series))[None, :]
    size = max(1, _AT_ONCE // max(1, shape[1]))
    for start in range(0, len(times), size):
        part = slice(start, start + size)
        rows, found = _newest_rows(samples, times[part], lookback)
        values[part] = samples.values[rows, columns]
        present[part] = found & samples.present[rows, columns]
        if histograms is not None and samples.histograms is not None:
            newest = samples.histograms[rows, columns]
            newest[~present[part]] = None
            histograms[part] = newest
    return Block(samples.series, values, present, histograms, samples.unnamed)


def latest_times(samples: Samples, times: Times, lookback: int) -> tuple[Floats, Mask]:
    """When the newest samples were taken, in seconds, and where there is one."""
    if not len(samples.times) or not len(times):
        nothing = empty(len(times))
        return nothing.values, nothing.present
    rows, found = _newest_rows(samples, times, lookback)
    columns = np.arange(len(samples.series))[None, :]
    return samples.times[rows] / 1000.0, found & samples.present[rows, columns]


def _newest_rows(samples: Samples, times: Times, lookback: int) -> tuple[Indices, Mask]:
    """For each time and series the row of the newest sample or stale marker, and whether it is young enough."""
    any_mark = samples.present if samples.stale is None else samples.present | samples.stale
    row = np.where(any_mark, np.arange(len(samples.times))[:, None], -1)
    newest = np.maximum.accumulate(row, axis=0)
    before = np.searchsorted(samples.times, times, side="right") - 1
    rows = np.where((before >= 0)[:, None], newest[np.maximum(before, 0)], -1)
    found = (rows >= 0) & (samples.times[np.maximum(rows, 0)] > (times - lookback)[:, None])
    return np.maximum(rows, 0), found
