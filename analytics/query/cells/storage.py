"""The engine's storage over what the service keeps. Windows are summed from buckets, and never extrapolated."""

from collections.abc import Callable, Sequence

import numpy as np

from analytics.points import COUNTER, GAUGE, HISTOGRAM, Labels
from analytics.promql import annotations as notes
from analytics.promql.block import Block, empty, joined
from analytics.promql.budget import Budget
from analytics.promql.dense import DenseHistograms
from analytics.promql.matchers import LabelMatcher, metric_name
from analytics.promql.ranges import compute
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Asked, Samples, no_samples
from analytics.promql.windows import Ranges
from analytics.query.cells import counters, gauges, histograms
from analytics.query.cells.axis import Axis, DistinctWindows, bounds, make_axis
from analytics.query.cells.figures import Figures, SeriesFamily, Source, merged
from analytics.query.cells.samples import are_exact, samples, side_by_side, within
from analytics.query.cells.stored import StoredFamily
from analytics.state.rollup import Level

_ALL_COLUMNS = {COUNTER: ("increase", "count"), GAUGE: ("last", "last_at", "count"), HISTOGRAM: ("sum", "count")}
_LATEST_COLUMNS = {COUNTER: ("increase",), GAUGE: ("last",), HISTOGRAM: ("sum", "count")}
"""Fields that last values need; gauges that ended need more."""
_RATES = ("rate", "increase")
_COUNTS = ("count_over_time", "present_over_time")
_TOLERANCE = 0.1
"""Share by which a window may be longer or shorter than asked for without an annotation."""


class KeptBuckets:
    """Which buckets there are.

    Args:
        levels: from the finest to the coarsest.
        oldest: start of the oldest bucket of a level.
        current: seconds since the epoch.
    """

    def __init__(self, levels: Sequence[Level], oldest: Callable[[int], int], current: Callable[[], float]) -> None:
        self.levels, self.oldest, self.current = levels, oldest, current


class CellStorage:
    """See `analytics.promql.storage.Storage`.

    Args:
        sources: where series come from.
        buckets: which buckets they have.
    """

    def __init__(self, sources: Sequence[Source], buckets: KeptBuckets) -> None:
        self._sources, self._buckets = sources, buckets

    def instant(self, asked: Asked) -> Block:
        """The last value of each series; counters are running totals, histograms all that was observed."""
        blocks = []
        for family in self._families(asked):
            axis = self._axis(asked, asked.lookback, until_now=True, from_start=family.kind == HISTOGRAM)
            windows = axis.distinct(axis.places(asked.times, asked.lookback, asked.budget.pause))
            figures = self._read(family, axis, asked, _LATEST_COLUMNS[family.kind], with_values=True)
            if family.kind == GAUGE and figures.ended.any():
                figures = self._read(family, axis, asked, _ALL_COLUMNS[GAUGE])
            if family.kind == HISTOGRAM:
                blocks.append(_histograms(family, figures, windows.from_start(), asked, a_second=False))
                continue
            function = counters.latest if family.kind == COUNTER else gauges.latest
            blocks.append(_spread(family.series, windows, function(figures, windows.places), asked.budget))
        return joined(blocks, len(asked.times))

    def over(self, function: str, asked: Asked) -> tuple[Block, bool] | None:
        """A function over ranges, and `timestamp`; see `Storage`."""
        families = self._families(asked)
        grouping = asked.grouping
        if len(families) == 1 and grouping is not None and grouping.operator == "sum" and function in _RATES:
            family = families[0]
            if family.kind in (COUNTER, HISTOGRAM):
                return self._summed(function, family, asked), True
        return joined([self._block(function, family, asked) for family in families], len(asked.times)), False

    def samples(self, asked: Asked, start: int, end: int) -> Samples:
        """One sample a bucket."""
        length, found = asked.selector.range or asked.lookback, []
        for family in self._families(asked):
            figures = self._finest(family, asked, length)
            self._note_inexact("a range", figures, asked)
            found.append(within(samples(family.kind, figures, asked.budget), start, end))
        if not found:
            return no_samples()
        return found[0] if len(found) == 1 else side_by_side(found)

    def labels(self, matchers: Sequence[LabelMatcher], start: int, end: int, budget: Budget) -> list[Labels]:
        """See `Storage`."""
        found = [
            labels for source in self._sources for labels in source.labels(matchers, start / 1000, end / 1000, budget)
        ]
        return sorted(dict.fromkeys(found))

    def _block(self, function: str, family: SeriesFamily, asked: Asked) -> Block:
        kind, length = family.kind, asked.selector.range or asked.lookback
        if kind == COUNTER and function in counters.COUNTER_FUNCTIONS:
            axis = self._axis(asked, length, until_now=function == "last_over_time")
            columns: tuple[str, ...] = ("increase", "count") if function == "count_over_time" else ("increase",)
            figures = self._read(family, axis, asked, columns)
            windows = self._windows(axis, asked, length)
            return _spread(
                family.series, windows, counters.COUNTER_FUNCTIONS[function](figures, windows.places), asked.budget
            )
        if kind == GAUGE and function in gauges.GAUGE_FUNCTIONS:
            compute_cells, columns = gauges.GAUGE_FUNCTIONS[function]
            axis = self._axis(asked, length)
            figures = self._read(family, axis, asked, columns)
            windows = self._windows(axis, asked, length)
            return _spread(family.series, windows, compute_cells(figures, windows.places), asked.budget)
        if function == "timestamp":
            return self._timestamp(family, asked, length)
        if kind == HISTOGRAM and function in (*_RATES, *_COUNTS):
            axis = self._axis(asked, length)
            figures = self._read(family, axis, asked, ("sum", "count"), with_values=function in _RATES)
            windows = self._windows(axis, asked, length)
            if function in _RATES:
                return _histograms(family, figures, windows, asked, a_second=function == "rate")
            return _spread(
                family.series, windows, gauges.GAUGE_FUNCTIONS[function][0](figures, windows.places), asked.budget
            )
        return self._from_samples(function, family, asked, length)

    def _timestamp(self, family: SeriesFamily, asked: Asked, length: int) -> Block:
        axis = self._axis(asked, length, until_now=True)
        figures = self._read(family, axis, asked, _ALL_COLUMNS[family.kind])
        windows = axis.distinct(axis.places(asked.times, length, asked.budget.pause))
        if family.kind == GAUGE:
            return _spread(family.series, windows, gauges.latest_time(figures, windows.places), asked.budget)
        block = _spread(family.series, windows, gauges.presence(figures, windows.places), asked.budget)
        values = np.broadcast_to(asked.times[:, None] / 1000.0, block.values.shape)
        return Block(family.series, values, block.present)

    def _from_samples(self, function: str, family: SeriesFamily, asked: Asked, length: int) -> Block:
        """Computed from one sample a bucket, with an annotation unless that loses nothing."""
        figures = self._finest(family, asked, length)
        self._note_inexact(function, figures, asked)
        ranges = Ranges(
            samples(family.kind, figures, asked.budget),
            asked.times,
            asked.steps,
            length,
            asked.parameters,
            asked.budget,
            asked.annotations,
            asked.selector.at,
        )
        return compute(function, ranges).block(family.series, np.zeros(len(family.series), bool))

    def _summed(self, function: str, family: SeriesFamily, asked: Asked) -> Block:
        """The sum of rates by group: series are summed before windows are."""
        grouping = asked.grouping
        assert grouping is not None
        groups = family.series.grouped(grouping.labels, grouping.without)
        count, length = len(groups.series), asked.selector.range
        if not count:
            return empty(len(asked.times))
        axis = self._axis(asked, length)
        windows = self._windows(axis, asked, length)
        found: list[DenseHistograms] = []
        if family.kind == HISTOGRAM:
            figures = self._read(family, axis, asked, ("sum", "count"), with_values=True)
            asked.budget.charge(len(windows.places.first) * count)
            found, present = histograms.increases(
                figures, windows.places, groups.of_series, count, asked.budget, a_second=function == "rate"
            )
            block = _spread(groups.series, windows, (np.zeros(present.shape), present), asked.budget, found)
        else:
            if isinstance(family, StoredFamily):
                asked.budget.charge(len(axis) * len(family.series) + len(asked.times) * count)
                figures = family.read_sums(axis, groups, asked.budget)
            else:
                figures = merged(self._read(family, axis, asked, ("increase",)), groups)
            block = _spread(
                groups.series, windows, counters.COUNTER_FUNCTIONS[function](figures, windows.places), asked.budget
            )
        return block.nameless()

    def _families(self, asked: Asked) -> list[SeriesFamily]:
        found = [each for source in self._sources for each in source.families(asked.selector.matchers, asked.budget)]
        asked.budget.check_series(sum(len(each.series) for each in found))
        return [each for each in found if len(each.series)] if len(asked.times) else []

    def _axis(
        self,
        asked: Asked,
        length: int,
        *,
        until_now: bool = False,
        from_start: bool = False,
        is_finest: bool = False,
    ) -> Axis:
        kept = self._buckets
        return make_axis(
            kept.levels,
            kept.oldest,
            kept.current(),
            (bounds(asked.times - length), bounds(asked.times)),
            from_start=from_start,
            until_now=until_now,
            is_finest=is_finest,
        )

    def _finest(self, family: SeriesFamily, asked: Asked, length: int) -> Figures:
        axis = self._axis(asked, length, until_now=True, from_start=family.kind == HISTOGRAM, is_finest=True)
        return self._read(family, axis, asked, _ALL_COLUMNS[family.kind], with_values=True)

    def _read(
        self, family: SeriesFamily, axis: Axis, asked: Asked, columns: Sequence[str], *, with_values: bool = False
    ) -> Figures:
        asked.budget.charge((len(axis) + len(asked.times)) * len(family.series))
        return family.read(axis, columns, asked.budget, with_values=with_values)

    def _windows(self, axis: Axis, asked: Asked, length: int) -> DistinctWindows:
        """The windows, with an annotation if any is much longer or shorter than asked for."""
        windows = axis.distinct(axis.places(asked.times, length, asked.budget.pause))
        covered = axis.edges[windows.places.last] - axis.edges[windows.places.first]
        far = np.abs(covered * 1000 - length) > _TOLERANCE * length
        if far.any():
            least, most = int(covered[far].min()), int(covered[far].max())
            shown = str(least) if least == most else f"{least} to {most}"
            text = f"some windows of {length / 1000:g} seconds cover {shown} seconds, as no finer buckets are kept"
            asked.annotations.inform(notes.for_metric(text, metric_name(asked.selector.matchers)), asked.selector.at)
        return windows

    def _note_inexact(self, what: str, figures: Figures, asked: Asked) -> None:
        length = asked.selector.range or asked.lookback
        if not are_exact(figures, int(bounds(asked.times - length).min()), int(bounds(asked.times).max())):
            text = f"single samples are not kept: {what} has one of each bucket of time"
            asked.annotations.inform(notes.for_metric(text, metric_name(asked.selector.matchers)), asked.selector.at)


def _histograms(
    family: SeriesFamily, figures: Figures, windows: DistinctWindows, asked: Asked, *, a_second: bool
) -> Block:
    count = len(family.series)
    every = np.arange(count)
    asked.budget.charge(len(windows.places.first) * count)
    found, present = histograms.increases(figures, windows.places, every, count, asked.budget, a_second=a_second)
    return _spread(family.series, windows, (np.zeros(present.shape), present), asked.budget, found)


def _spread(
    series: SeriesLabels,
    windows: DistinctWindows,
    result: counters.Result,
    budget: Budget,
    found: Sequence[DenseHistograms] = (),
) -> Block:
    """The results of the different windows for all steps."""
    values, present = result
    of_step = windows.of_step
    if len(of_step) == len(values) and bool((of_step[1:] > of_step[:-1]).all()):
        return Block(series, values, present, dense=found)
    budget.charge(sum(each.count.shape[1] * len(each.indices) for each in found) * len(of_step) // 2)
    spread = [each.of_steps(of_step) for each in found]
    return Block(series, values[of_step], present[of_step], dense=spread)
