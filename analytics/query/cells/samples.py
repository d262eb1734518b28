"""One sample a bucket, for what buckets cannot answer: functions of single samples, and raw matrices."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from analytics.points import COUNTER, GAUGE
from analytics.promql.block import Block, Indices, Objects, objects_of
from analytics.promql.budget import Budget
from analytics.promql.histogram import UNKNOWN
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Samples
from analytics.query.cells.axis import Axis, Places
from analytics.query.cells.counters import running
from analytics.query.cells.figures import Figures
from analytics.query.cells.histograms import increases


def samples(kind: str, figures: Figures, budget: Budget) -> Samples:
    """The last value of each bucket; of counters and histograms what was counted until then."""
    axis, histograms = figures.axis, None
    if kind == GAUGE:
        values = figures.columns["last"]
    elif kind == COUNTER:
        values = running(figures)[1:]
    else:
        values, histograms = np.zeros(figures.present.shape), _totals(figures, budget)
    return Samples(
        figures.series,
        sample_times(axis),
        values,
        figures.present,
        np.zeros(len(figures.series), bool),
        histograms,
    )


def are_exact(figures: Figures, start: int, end: int) -> bool:
    """Whether no bucket between two times in seconds has several observations, so that one of each is all."""
    low = int(np.searchsorted(figures.axis.edges, start, side="right")) - 1
    high = int(np.searchsorted(figures.axis.edges, end))
    return not bool((figures.count[max(0, low) : high] > 1).any())


def sample_times(axis: Axis) -> Indices:
    """Milliseconds of the samples: the last second of each bucket."""
    return (axis.edges[1:] - 1) * 1000


def _totals(figures: Figures, budget: Budget) -> Objects:
    """The samples of each series up to the end of each bucket."""
    steps = len(figures.axis)
    last = np.arange(1, steps + 1)
    places = Places(np.zeros(steps, np.int64), last, np.ones(steps))
    every = np.arange(len(figures.series))
    found, present = increases(figures, places, every, len(every), budget, a_second=False, hint=UNKNOWN)
    return objects_of(Block(figures.series, np.zeros(present.shape), present, dense=found))


def within(found: Samples, start: int, end: int) -> Samples:
    """The samples in `(start, end]`, in milliseconds."""
    part = slice(*np.searchsorted(found.times, [start, end], side="right").tolist())
    histograms: Objects | None = None if found.histograms is None else found.histograms[part]
    return replace(
        found,
        times=found.times[part],
        values=found.values[part],
        present=found.present[part],
        histograms=histograms,
    )


def side_by_side(found: Sequence[Samples]) -> Samples:
    """Samples of several kinds, whose axes may differ."""
    times = np.unique(np.concatenate([each.times for each in found]))
    width = sum(len(each.series) for each in found)
    values, present = np.zeros((len(times), width)), np.zeros((len(times), width), bool)
    histograms = np.full((len(times), width), None, object)
    start = 0
    for each in found:
        rows, columns = np.searchsorted(times, each.times), slice(start, start + len(each.series))
        values[rows, columns], present[rows, columns] = each.values, each.present
        if each.histograms is not None:
            histograms[rows, columns] = each.histograms
        start += len(each.series)
    return Samples(
        SeriesLabels([row for each in found for row in each.series.rows]),
        times,
        values,
        present,
        np.concatenate([each.unnamed for each in found]),
        histograms if any(each.histograms is not None for each in found) else None,
    )
