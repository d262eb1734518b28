"""Source of the own metrics: sampled every few seconds into memory, and lost at a restart."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from analytics.own_metrics.family import Family, Histograms
from analytics.points import COUNTER, Labels
from analytics.promql.block import Floats, Indices, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher, metric_name, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily
from analytics.query.exposition.own import PREFIX
from analytics.query.own_series.columns import Columns, Descriptions
from analytics.query.own_series.rows import Row, SampleRows, sampled

SAMPLE_SECONDS = 15.0


class OwnSeries:
    """Samples of the own metrics, and a source of series for PromQL.

    Totals of counters count from the first sample on: what was before it is in no window.

    Args:
        in_loop: calls a function in the event loop's thread, in which samples are taken.
    """

    def __init__(self, in_loop: Callable[[Callable[[], Any]], Any] = lambda function: function()) -> None:
        self._in_loop = in_loop
        self._columns = Columns()
        self._rows = SampleRows()
        self._newest: Row | None = None
        self._base: Floats = np.zeros(0)
        """Totals of counters before the first row."""

    def sample(self, at: float, families: Iterable[Family | Histograms]) -> None:
        """Take a sample at a time in seconds. One that is not later than the newest is ignored."""
        newest = self._newest
        if newest is not None and at <= newest.at:
            return
        row = sampled(at, *self._columns.filled(families, np.zeros(0) if newest is None else newest.counters))
        if newest is None:
            self._base = row.counters
        self._newest, dropped = row, self._rows.add(row)
        if dropped is not None:
            self._base = dropped.counters

    @property
    def described(self) -> Descriptions:
        """Type, help and unit by name."""
        return self._columns.described

    def own_families(self) -> Iterable[Family]:
        """Metrics about this part itself."""
        about = "Own metrics without a place in memory, at each sample"
        yield Family("own_series_rejected", "counter", about, {(): self._columns.rejected})

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        name = metric_name(matchers)
        if name and not name.startswith(PREFIX):
            return []
        known, found = self._known(), list[SeriesFamily]()
        for kind, labels in known.labels.items():
            places = selecting(matchers, labels, budget)
            if places:
                series = SeriesLabels([labels[place] for place in places])
                found.append(_Sampled(kind, series, np.array(places, np.int64), known.rows, known.base))
        return found

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`."""
        known = self._known()
        if not any(start <= row.at <= end for row in known.rows):
            return []
        every = list(chain.from_iterable(known.labels.values()))
        return [every[place] for place in selecting(matchers, every, budget)]

    def _known(self) -> "_Known":
        def taken() -> _Known:
            labels = {kind: list(labels) for kind, labels in self._columns.labels.items()}
            return _Known(self._rows.all(), labels, self._base)

        known: _Known = self._in_loop(taken)
        return known


class _Known(NamedTuple):
    """The samples at a time: rows, labels by kind, and the totals of counters before the first row."""

    rows: Sequence[Row]
    labels: Mapping[str, Sequence[Labels]]
    base: Floats


class _Sampled:
    """Series of one kind."""

    def __init__(self, kind: str, series: SeriesLabels, places: Indices, rows: Sequence[Row], base: Floats) -> None:
        self.kind, self.series = kind, series
        self._places, self._rows, self._base = places, rows, base

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `SeriesFamily`."""
        budget.charge(len(self._rows) * len(self.series))
        return self._counters(axis) if self.kind == COUNTER else self._gauges(axis, columns)

    def _counters(self, axis: Axis) -> Figures:
        totals = [self._base, *(row.counters for row in self._rows)]
        samples = np.cumsum([0, *(row.samples for row in self._rows)])
        newest = np.searchsorted([row.at for row in self._rows], axis.edges)  # of each edge the last sample before it
        needed, places = np.unique(newest, return_inverse=True)
        known = np.stack([_at(totals[place], self._places, np.nan) for place in needed.tolist()])[places]
        present: Mask = (np.diff(newest) > 0)[:, None] & ~np.isnan(known[1:])
        values = np.nan_to_num(known)
        count = np.where(present, np.diff(samples[newest])[:, None], 0).astype(float)
        increase = np.maximum(np.diff(values, axis=0), 0.0)
        nothing = np.zeros(len(self.series))
        return Figures(axis, self.series, present, {"increase": increase, "count": count}, values[-1], nothing, True)

    def _gauges(self, axis: Axis, columns: Sequence[str]) -> Figures:
        shape = (len(axis), len(self.series))
        count, total, last_at = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        least, greatest, last = (np.full(shape, np.nan) for _ in range(3))
        buckets = np.searchsorted(axis.edges, [row.at for row in self._rows], side="right") - 1
        for bucket, row in zip(buckets.tolist(), self._rows, strict=True):
            if not 0 <= bucket < len(axis):
                continue
            number, added, low, high, newest = (_at(each, self._places, np.nan) for each in row.gauges)
            number, added = np.nan_to_num(number), np.nan_to_num(added)
            count[bucket] += number
            total[bucket] += added
            least[bucket], greatest[bucket] = np.fmin(least[bucket], low), np.fmax(greatest[bucket], high)
            last[bucket] = np.where(number > 0, newest, last[bucket])
            last_at[bucket] = np.where(number > 0, row.at, last_at[bucket])
        every = {"count": count, "sum": total, "min": least, "max": greatest, "last": last, "last_at": last_at}
        found = {name: np.nan_to_num(every[name]) for name in columns}
        nothing = np.zeros(len(self.series))
        return Figures(axis, self.series, count > 0, found, nothing, nothing)


def _at(values: Floats, places: Indices, missing: float) -> Floats:
    """The values at places, of which later ones may be missing."""
    found = np.full(len(places), missing)
    inside = places < len(values)
    found[inside] = values[places[inside]]
    return found
