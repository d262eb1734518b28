"""Source of the typed series in the state's store."""

from collections.abc import Callable, Iterator, Sequence
from itertools import compress

import numpy as np

from analytics.points import COUNTER, GAUGE, HISTOGRAM, Labels
from analytics.promql.block import Floats, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher
from analytics.promql.series_labels import SeriesGroups, SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily, Source, ValueCounts
from analytics.query.cells.selection import AT_ONCE, SelectedSeries, StoreOf, StoreVersion, select, version_of
from analytics.query.reader import Reader
from analytics.state.series.ids import IdArray
from analytics.state.series.store import SeriesStore
from analytics.state.series.window import Window
from analytics.state.state import State

_AT_ONCE, _FEWEST = 1 << 17, 20
"""Figures of one column that are read between two pauses, and the number of buckets at least."""


def custom_series(state: State) -> SeriesStore:
    """The store of custom series."""
    return state.series_store


class StoreSource:
    """Series of a store, except for those with exactly the labels of a series of other sources.

    Two series with the same labels would be an error in most queries, which any sender could cause for everybody.

    Args:
        store: the store in the state.
        own: sources of the service's own series.
    """

    def __init__(self, reader: Reader, store: StoreOf = custom_series, own: Sequence[Source] = ()) -> None:
        self._reader, self._store, self._own = reader, store, own
        self._known: dict[tuple[LabelMatcher, ...], tuple[StoreVersion, list[SelectedSeries]]] = {}

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        found = self.selected(matchers, budget)
        if not found:
            return []
        families = [each for source in self._own for each in source.families(matchers, budget)]
        taken = {labels for family in families for labels in family.series.rows}
        return [
            StoredFamily(each.kind, *_without(taken, each.series, each.ids), self._reader, self._store)
            for each in found
        ]

    def selected(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SelectedSeries]:
        """The series that fulfil all matchers; remembered as long as the store has the same ones."""
        wanted = tuple(matchers)
        version = self._reader.ask(self._version)
        known = self._known.get(wanted)
        if known is not None and known[0] == version:
            return known[1]
        version, found = select(self._reader, self._store, wanted, budget)
        self._known.pop(wanted, None)
        while self._known and (len(self._known) >= _MOST_KNOWN or self._series_known() > _MOST_SERIES_KNOWN):
            self._known.pop(next(iter(self._known), wanted), None)
        self._known[wanted] = version, found
        return found

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`."""

        def are_alive(state: State, now: float, ids: IdArray) -> list[bool]:
            lives = self._store(state).lives
            return [lives[each].until >= start and lives[each].first <= end for each in ids.tolist()]

        found: list[Labels] = []
        for each in self.selected(matchers, budget):
            for first in range(0, len(each.ids), AT_ONCE):
                part = slice(first, first + AT_ONCE)
                found += compress(each.series.rows[part], self._reader.ask(are_alive, each.ids[part]))
                budget.pause()
        return found

    def _version(self, state: State, now: float) -> StoreVersion:
        return version_of(self._store(state))

    def _series_known(self) -> int:
        return sum(len(each.ids) for _, found in list(self._known.values()) for each in found)


def _without(taken: set[Labels], series: SeriesLabels, ids: IdArray) -> tuple[SeriesLabels, IdArray]:
    if not taken or taken.isdisjoint(series.rows):
        return series, ids
    kept = [place for place, labels in enumerate(series.rows) if labels not in taken]
    return SeriesLabels([series.rows[place] for place in kept]), ids[kept]


_MOST_KNOWN, _MOST_SERIES_KNOWN = 100, 100_000
"""Selectors whose series are remembered, and the series of all but the newest of them, with their labels as JSON."""


class StoredFamily:
    """Series of one kind.

    Args:
        on_window: called together with the reading of buckets: of a level, from `start` to before `end` in seconds.
    """

    def __init__(
        self,
        kind: str,
        series: SeriesLabels,
        ids: IdArray,
        reader: Reader,
        store: StoreOf,
        on_window: Callable[[State, int, int], None] = lambda state, start, end: None,
    ) -> None:
        self.kind, self.series, self._ids, self._reader = kind, series, ids, reader
        self._store, self._on_window = store, on_window

    def read_sums(self, axis: Axis, groups: SeriesGroups, budget: Budget) -> Figures:
        """The increases of each group of counters, summed while they are read."""
        count = len(groups.series)
        values: Floats = np.zeros((len(axis), count))
        present: Mask = np.zeros(values.shape, bool)
        for rows, window in self._windows(axis):
            summed = window.sums(self._ids, groups.of_series, count, "increase")
            values[rows], present[rows] = summed.values, summed.present
            budget.pause()
        nothing = np.zeros(count)
        return Figures(axis, groups.series, present, {"increase": values}, nothing, nothing)

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `Family`."""
        ids, shape = self._ids, (len(axis), len(self.series))
        present: Mask = np.zeros(shape, bool)
        found: dict[str, Floats] = {name: np.zeros(shape) for name in columns}
        parts: list[ValueCounts] = []
        for rows, window in self._windows(axis):
            window.read_into(ids, present[rows], {name: figures[rows] for name, figures in found.items()})
            if with_values and self.kind == HISTOGRAM:
                values = window.distributions(ids)
                into = values.buckets + np.int32(rows.start)
                parts.append(ValueCounts(into, values.series, native_keys(values.keys), values.counts, values.scales))
            budget.pause()
        totals, ended = np.zeros(len(ids)), np.zeros(len(ids))
        if self.kind == COUNTER:
            totals = self._reader.ask(lambda state, now: self._store(state).totals(ids))
        elif self.kind == GAUGE and "last" in columns:
            ended = self._reader.ask(lambda state, now: self._store(state).ended(ids))
        distributions = joined_values(parts) if with_values and self.kind == HISTOGRAM else None
        return Figures(axis, self.series, present, found, totals, ended, distributions=distributions)

    def _windows(self, axis: Axis) -> Iterator[tuple[slice, Window]]:
        """The buckets of an axis, some at a time, and their rows."""
        row, most = 0, max(_FEWEST, _AT_ONCE // max(1, len(self._ids)))
        for run in axis.runs:
            size = (run.end - run.start) // _rows(axis, run.start, run.end)
            for start in range(run.start, run.end, size * most):
                end = min(run.end, start + size * most)
                window = self._reader.ask(self._window, run.level, start, end)
                yield slice(row, row + len(window.starts)), window
                row += len(window.starts)

    def _window(self, state: State, now: float, level: int, start: int, end: int) -> Window:
        self._on_window(state, start, end)
        return self._store(state).window(self.kind, level, start, end)


def _rows(axis: Axis, start: int, end: int) -> int:
    low, high = np.searchsorted(axis.edges, [start, end])
    return int(high - low)


def native_keys(keys: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    """The store's keys, whose indexes are those of OpenTelemetry, as keys of native histograms: one higher."""
    shifted: np.ndarray[tuple[int], np.dtype[np.int32]] = (keys + np.sign(keys)).astype(np.int32)
    return shifted


def joined_values(parts: Sequence[ValueCounts]) -> ValueCounts:
    """All of them, one after the other."""
    parts = [each for each in parts if len(each.rows)]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        none = np.zeros(0, np.int32)
        return ValueCounts(none, none, none, np.zeros(0), np.zeros(0, np.int8))
    return ValueCounts(
        np.concatenate([each.rows for each in parts]),
        np.concatenate([each.series for each in parts]),
        np.concatenate([each.keys for each in parts]),
        np.concatenate([each.counts for each in parts]),
        np.concatenate([each.scales for each in parts]),
    )
