"""Source of series whose figures were read from another database, for one question."""

from collections.abc import Sequence

import numpy as np

from analytics.points import COUNTER, GAUGE, NAME_LABEL, Labels
from analytics.promql.block import Floats, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import EQUAL, LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily
from analytics.query.far.filling import read_filled
from analytics.query.far.reading import FarQuery, FarReading, FarSeries
from analytics.state.endpoint_series import FAMILIES
from analytics.state.resolution import Resolution
from analytics.state.rollup import Level

FAR_FIELDS = ("increase", "count", "sum", "min", "max", "last")
LASTING_COUNTERS = ("requests_total", "errors_total", "events_total", *FAMILIES)
"""Counters of the service itself go on while nothing is observed."""


class FarSource:
    """Counters and gauges in the buckets of one level, from `start` to before `end` in seconds. See `Source`.

    Histograms are not among them: the other database has their percentiles, which cannot be merged.

    Attributes:
        size, start, end: of a bucket, and of all of them, in seconds.
        is_filled: whether gaps in what was read were filled from longer buckets.
    """

    def __init__(self, reading: FarReading, levels: Sequence[Level], level: Resolution, start: int, end: int) -> None:
        self._reading, self._levels, self._level, self.size = reading, levels, level, levels[level].size
        self.start, self.end = start, end
        self.is_filled = False

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`.

        Raises:
            CannotReadBack: the database gave no answer.
        """
        equal = {each.name: each.value for each in matchers if each.operator == EQUAL and each.value}
        metric = equal.pop(NAME_LABEL, "")
        if not metric:
            return []
        query = FarQuery(self._level, metric, equal, FAR_FIELDS, self.start, self.end)
        found, self.is_filled = read_filled(self._reading, self._levels, query)
        budget.charge(sum(len(series.points) for series in found))
        rows = [series.labels for series in found]
        chosen = [found[place] for place in selecting(matchers, rows, budget)]
        by_kind = {kind: [each for each in chosen if _kind(each) == kind] for kind in (COUNTER, GAUGE)}
        return [_FarFamily(kind, series, self.size) for kind, series in by_kind.items() if series]

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`; only what is kept here is listed."""
        return []


def _kind(series: FarSeries) -> str:
    """The kind of a series by its fields; empty for those that are neither counters nor gauges."""
    for fields in series.points.values():
        if "increase" in fields:
            return COUNTER
        if "last" in fields:
            return GAUGE
    return ""


class _FarFamily:
    """Series of one kind."""

    def __init__(self, kind: str, found: Sequence[FarSeries], size: int) -> None:
        self.kind, self._found, self._size = kind, found, size
        self.series = SeriesLabels([each.labels for each in found])

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `SeriesFamily`. Running totals of counters begin with the first bucket of the axis."""
        shape = (len(axis), len(self._found))
        present: Mask = np.zeros(shape, bool)
        count: Floats = np.zeros(shape)
        found: dict[str, Floats] = {name: np.zeros(shape) for name in columns if name != "count"}
        for column, series in enumerate(self._found):
            starts = np.fromiter(series.points, np.int64, len(series.points))
            rows = np.searchsorted(axis.edges, starts, side="right") - 1
            inside = (rows >= 0) & (rows < len(axis))
            rows, starts = rows[inside], starts[inside]
            points = [each for each, chosen in zip(series.points.values(), inside.tolist(), strict=True) if chosen]
            present[rows, column] = True
            count[rows, column] = [point.get("count", 1.0) for point in points]
            for name, figures in found.items():
                if name == "last_at":
                    figures[rows, column] = starts + self._size - 1
                else:
                    figures[rows, column] = [point.get(name, 0.0) for point in points]
            budget.pause()
        nothing = np.zeros(shape[1])
        totals = found["increase"].sum(axis=0) if "increase" in found else nothing
        name = dict(self.series.rows[0])[NAME_LABEL]
        shown = {**found, "count": count}
        return Figures(axis, self.series, present, shown, totals, nothing, lasting=name in LASTING_COUNTERS)
