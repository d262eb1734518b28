"""Figures of series in the buckets of an axis, as sources give them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.points import Labels
from analytics.promql.block import Floats, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher
from analytics.promql.series_labels import SeriesGroups, SeriesLabels
from analytics.query.cells.axis import Axis


class ValueCounts(Struct, frozen=True):
    """Values of many series in exponential buckets: one row for each count, ordered by bucket of time.

    Attributes:
        rows: index of the bucket of time.
        series: index of the series.
        keys: index of the bucket of values as in native histograms, plus `INDEX_OFFSET`; negative for negative values,
            0 for zero.
        counts: number of values.
        scales: schema that the key belongs to.
    """

    rows: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    series: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    keys: "np.ndarray[tuple[int], np.dtype[np.int32]]"
    counts: Floats
    scales: "np.ndarray[tuple[int], np.dtype[np.int8]]"


class Figures(Struct, frozen=True):
    """Figures of one kind of series; arrays `[bucket, series]`, 0 where `present` is false.

    Attributes:
        columns: those asked for: `count`, the number of observations; of counters `increase`; of gauges `sum`, `min`,
            `max`, `last` and `last_at`; of histograms `sum`.
        totals: of counters, what each had counted at the end of the axis' last bucket.
        lasting: of counters, whether they go on while nothing is observed.
        momentary: of gauges, whether a value holds at its time only, and has no lookback.
        ended: for each series the time in seconds from which on earlier values are not shown; 0 for none. Known if
            `last` was asked for.
        distributions: of histograms.
    """

    axis: Axis
    series: SeriesLabels
    present: Mask
    columns: dict[str, Floats]
    totals: Floats
    ended: Floats
    lasting: bool = False
    momentary: bool = False
    distributions: ValueCounts | None = None

    @property
    def count(self) -> Floats:
        """Number of observations. Raises `KeyError` if it was not asked for."""
        return self.columns["count"]


class SeriesFamily(Protocol):
    """Series of one kind that a selector found in a source."""

    kind: str
    series: SeriesLabels

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """Their figures; `with_values` asks for distributions."""
        ...


class Source(Protocol):
    """Where series come from."""

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """The series that fulfil all matchers, by kind. Taken under the lock."""
        ...

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """The labels of series with data between two times in seconds."""
        ...


def merged(figures: Figures, groups: SeriesGroups) -> Figures:
    """Figures of counters with the series of each group made one."""
    count = len(groups.series)
    order = np.argsort(groups.of_series, kind="stable")
    starts = np.searchsorted(groups.of_series[order], np.arange(count))
    values, present = figures.columns["increase"], figures.present
    if not bool((order[1:] > order[:-1]).all()):
        values, present = values[:, order], present[:, order]
    summed: Floats = np.add.reduceat(values, starts, axis=1)
    there: Mask = np.logical_or.reduceat(present, starts, axis=1)
    return replace(
        figures,
        series=groups.series,
        present=there,
        columns={"increase": summed},
        totals=np.bincount(groups.of_series, weights=figures.totals, minlength=count),
        ended=np.zeros(count),
    )
