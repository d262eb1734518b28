"""Storage of raw samples in memory, with Prometheus' arithmetic: for tests, and for points computed by subqueries."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.points import Labels
from analytics.promql.block import Block, Objects, no_objects
from analytics.promql.budget import Budget
from analytics.promql.histogram import GAUGE, NOT_RESET, RESET, UNKNOWN, NativeHistogram
from analytics.promql.histogram_sums import started_anew
from analytics.promql.latest import latest
from analytics.promql.matchers import LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Asked, Samples, no_samples

STALE = object()
"""Marks the end of a series among its samples."""


class Sample(Struct, frozen=True):
    """One sample: a float, a histogram, or `STALE`."""

    at: int
    value: float | NativeHistogram | object


class RawSamples:
    """Samples by series. Times are milliseconds."""

    def __init__(self) -> None:
        self._series: dict[Labels, dict[int, float | NativeHistogram | object]] = {}

    def add(self, labels: Labels, samples: Sequence[Sample]) -> None:
        """Add samples to a series. Of two at the same time, the first one counts."""
        kept = self._series.setdefault(labels, {})
        for sample in samples:
            kept.setdefault(sample.at, sample.value)

    def instant(self, asked: Asked) -> Block:
        """See `Storage`."""
        if not len(asked.times):
            return latest(no_samples(), asked.times, asked.lookback)
        found = self.samples(asked, int(asked.times.min()) - asked.lookback, int(asked.times.max()))
        asked.budget.charge(len(asked.times) * len(found.series))
        return latest(found, asked.times, asked.lookback)

    def over(self, function: str, asked: Asked) -> tuple[Block, bool] | None:
        """See `Storage`: all functions are computed from samples."""
        return None

    def samples(self, asked: Asked, start: int, end: int) -> Samples:
        """See `Storage`."""
        every = sorted(self._series)
        chosen = [every[index] for index in selecting(asked.selector.matchers, every, asked.budget)]
        asked.budget.check_series(len(chosen))
        columns = []
        for labels in chosen:
            column = {at: value for at, value in self._series[labels].items() if start < at <= end}
            asked.budget.charge(len(column))
            if column:
                columns.append((labels, _with_hints(self._series[labels], asked.selector.counts_only), column))
        if not columns:
            return no_samples()
        times = np.array(sorted({at for _, _, column in columns for at in column}), np.int64)
        places = {at: place for place, at in enumerate(times.tolist())}
        shape = (len(times), len(columns))
        values, present, stale = np.zeros(shape), np.zeros(shape, bool), np.zeros(shape, bool)
        histograms: Objects = no_objects(shape)
        for index, (_, hinted, column) in enumerate(columns):
            for at, value in column.items():
                place = places[at]
                if value is STALE:
                    stale[place, index] = True
                    continue
                present[place, index] = True
                if isinstance(value, NativeHistogram):
                    histograms[place, index] = hinted[at]
                elif isinstance(value, float):
                    values[place, index] = value
        has_histograms = any(
            isinstance(value, NativeHistogram) for _, _, column in columns for value in column.values()
        )
        return Samples(
            SeriesLabels([labels for labels, _, _ in columns]),
            times,
            values,
            present,
            np.zeros(len(columns), bool),
            histograms if has_histograms else None,
            stale if stale.any() else None,
        )

    def labels(self, matchers: Sequence[LabelMatcher], start: int, end: int, budget: Budget) -> list[Labels]:
        """See `Storage`."""
        every = [labels for labels, kept in self._series.items() if any(start <= at <= end for at in kept)]
        return [every[index] for index in selecting(matchers, every, budget)]


def _with_hints(samples: dict[int, float | NativeHistogram | object], counts_only: bool) -> dict[int, NativeHistogram]:
    """The histograms with the hints that a reader of Prometheus' chunks sees.

    The first sample of a chunk is unknown, those after it are no resets; a reset, a float and a change between gauges
    and counters begin a new chunk. Where only counts are asked for, Prometheus compares unknown samples itself.
    """
    hinted: dict[int, NativeHistogram] = {}
    previous: NativeHistogram | None = None
    for at in sorted(samples):
        value = samples[at]
        if not isinstance(value, NativeHistogram):
            previous = None
            continue
        hint = value.hint
        if hint != GAUGE:
            follows = previous is not None and previous.hint != GAUGE and hint != RESET
            if follows and previous is not None and not started_anew(previous, replace(value, hint=UNKNOWN)):
                hint = NOT_RESET
            else:
                hint = UNKNOWN
                if counts_only and previous is not None:
                    hint = RESET if started_anew(previous, replace(value, hint=UNKNOWN)) else NOT_RESET
        hinted[at] = replace(value, hint=hint)
        previous = value
    return hinted
