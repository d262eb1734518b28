"""Source of the typed series in the state's store."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from analytics.points import COUNTER, GAUGE, HISTOGRAM, Labels
from analytics.promql.block import Floats, Mask, SeriesGroups, SeriesLabels
from analytics.promql.budget import Budget
from analytics.promql.matchers import EQUAL, LabelMatcher
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily, Source, ValueCounts
from analytics.query.cells.histograms import ZERO
from analytics.query.reader import Reader
from analytics.state.series import matchers as state_matchers
from analytics.state.series.ids import IdArray
from analytics.state.series.store import SeriesStore
from analytics.state.series.window import Window
from analytics.state.state import State

_AT_ONCE = 20
"""Buckets that are read between two pauses."""
_INDEX_OFFSET = 1 << 18


StoreOf = Callable[[State], SeriesStore]


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
        self._known: dict[
            tuple[LabelMatcher, ...], tuple[tuple[int, int, int], list[tuple[str, IdArray, SeriesLabels]]]
        ] = {}

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        wanted = tuple(matchers)
        found = self._reader.ask(self.selected, wanted)
        if not found:
            return []
        families = [each for source in self._own for each in source.families(matchers, budget)]
        taken = {labels for family in families for labels in family.series.rows}
        return [
            StoredFamily(kind, *_without(taken, series, ids), self._reader, self._store) for kind, ids, series in found
        ]

    def selected(
        self, state: State, now: float, wanted: tuple[LabelMatcher, ...]
    ) -> list[tuple[str, IdArray, SeriesLabels]]:
        """Kind, ids and labels of the series that fulfil all matchers, by kind."""
        return self._found(self._store(state), wanted)

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float) -> list[Labels]:
        """See `Source`."""

        def find(state: State, now: float) -> list[Labels]:
            store = self._store(state)
            ids = store.select(map(_translated, matchers)).tolist()
            lives = store.lives
            return [store.labels(each) for each in ids if lives[each].until >= start and lives[each].first <= end]

        return self._reader.ask(find)

    def _found(self, store: SeriesStore, wanted: tuple[LabelMatcher, ...]) -> list[tuple[str, IdArray, SeriesLabels]]:
        """Ids and labels by kind, remembered as long as the store has the same series."""
        version = (len(store), store.ids.size, store.retired)
        known = self._known.get(wanted)
        if known is not None and known[0] == version:
            return known[1]
        ids = store.select(map(_translated, wanted))
        by_kind: dict[str, list[int]] = {}
        for each in ids.tolist():
            by_kind.setdefault(store.lives[each].kind, []).append(each)
        found = [
            (kind, np.array(chosen, np.int32), SeriesLabels([store.labels(each) for each in chosen]))
            for kind, chosen in by_kind.items()
        ]
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[wanted] = (version, found)
        return found


def _without(taken: set[Labels], series: SeriesLabels, ids: IdArray) -> tuple[SeriesLabels, IdArray]:
    if taken.isdisjoint(series.rows):
        return series, ids
    kept = [place for place, labels in enumerate(series.rows) if labels not in taken]
    return SeriesLabels([series.rows[place] for place in kept]), ids[kept]


_MOST_KNOWN = 100
"""Selectors whose series are remembered."""


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
        """See `Summing`."""
        count = len(groups.series)
        values: Floats = np.zeros((len(axis), count))
        present: Mask = np.zeros(values.shape, bool)
        for rows, window in self._windows(axis):
            summed = window.sums(self._ids, groups.of_series, count, "increase")
            values[rows], present[rows] = summed.values, summed.present
            budget.pause()
        nothing = np.zeros(count)
        return Figures(axis, groups.series, present, values, {"increase": values}, nothing, nothing)

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `Family`."""
        ids, shape = self._ids, (len(axis), len(self.series))
        present: Mask = np.zeros(shape, bool)
        count: Floats = np.zeros(shape)
        found: dict[str, Floats] = {name: np.zeros(shape) for name in columns}
        parts: list[ValueCounts] = []
        for rows, window in self._windows(axis):
            matrices = window.matrices(ids, "count", *columns)
            present[rows] = matrices[0].present
            count[rows] = matrices[0].values
            for name, matrix in zip(columns, matrices[1:], strict=True):
                found[name][rows] = matrix.values
            if with_values and self.kind == HISTOGRAM:
                values = window.distributions(ids)
                row, keys = np.int32(rows.start), _keys(values.keys)
                parts.append(ValueCounts(values.buckets + row, values.series, keys, values.counts, values.scales))
            budget.pause()
        totals, ended = np.zeros(len(ids)), np.zeros(len(ids))
        if self.kind == COUNTER:
            totals = self._reader.ask(lambda state, now: self._store(state).totals(ids))
        elif self.kind == GAUGE:
            ended = self._reader.ask(lambda state, now: self._store(state).ended(ids))
        distributions = _joined(parts) if with_values and self.kind == HISTOGRAM else None
        return Figures(axis, self.series, present, count, found, totals, ended, distributions=distributions)

    def _windows(self, axis: Axis) -> Iterator[tuple[slice, Window]]:
        """The buckets of an axis, some at a time, and their rows."""
        row = 0
        for run in axis.runs:
            size = (run.end - run.start) // _rows(axis, run.start, run.end)
            for start in range(run.start, run.end, size * _AT_ONCE):
                end = min(run.end, start + size * _AT_ONCE)
                window = self._reader.ask(self._window, run.level, start, end)
                yield slice(row, row + len(window.starts)), window
                row += len(window.starts)

    def _window(self, state: State, now: float, level: int, start: int, end: int) -> Window:
        self._on_window(state, start, end)
        return self._store(state).window(self.kind, level, start, end)


def _rows(axis: Axis, start: int, end: int) -> int:
    low, high = np.searchsorted(axis.edges, [start, end])
    return int(high - low)


def _keys(keys: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    """The store's keys, whose indexes are those of OpenTelemetry, as keys of native histograms: one higher."""
    shifted: np.ndarray[tuple[int], np.dtype[np.int32]] = (
        np.sign(keys) * (np.abs(keys) - _INDEX_OFFSET + 1 + ZERO)
    ).astype(np.int32)
    return shifted


def _joined(parts: Sequence[ValueCounts]) -> ValueCounts:
    if not parts:
        none = np.zeros(0, np.int32)
        return ValueCounts(none, none, none, np.zeros(0), np.zeros(0, np.int8))
    return ValueCounts(
        np.concatenate([each.rows for each in parts]).astype(np.int32),
        np.concatenate([each.series for each in parts]),
        np.concatenate([each.keys for each in parts]),
        np.concatenate([each.counts for each in parts]),
        np.concatenate([each.scales for each in parts]),
    )


def _translated(matcher: LabelMatcher) -> state_matchers.Matcher:
    value = matcher.value if matcher.operator == EQUAL and matcher.value else None
    return state_matchers.Matcher(matcher.name, matcher.predicate(), value)
