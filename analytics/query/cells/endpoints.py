"""Source of the series of endpoints: those of their store, and the usage that waits for its second to be over."""

import math
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from analytics.points import COUNTER, NAME_LABEL, Labels
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily
from analytics.query.cells.stored import StoredFamily, StoreSource
from analytics.query.reader import Reader
from analytics.state.endpoint_series import FAMILIES, increases
from analytics.state.series.ids import IdArray
from analytics.state.series.store import SeriesStore
from analytics.state.state import State


class EndpointSource:
    """Counters by service and endpoint."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._stored = StoreSource(reader, _store)

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        if not _asks(matchers):
            return []
        pending = self._pending(matchers, 0.0, math.inf, budget)  # first: it may be stored meanwhile
        found = self._stored.selected(matchers, budget)
        ids = found[0].ids if found else np.zeros(0, np.int32)
        rows = list(dict.fromkeys([*(found[0].series.rows if found else ()), *pending]))
        return [_Endpoints(rows, ids, self._reader)] if rows else []

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`; what is pending is of the present."""
        if not _asks(matchers):
            return []
        pending = self._pending(matchers, start, end, budget)
        return [*self._stored.labels(matchers, start, end, budget), *pending]

    def _pending(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """The labels of pending usage that fulfil all matchers."""
        rows = self._reader.ask(_all_pending, start, end)
        return [rows[index] for index in selecting(matchers, rows, budget)]


class _Endpoints:
    """The series that a selector found: first those of the store, which have the `ids`."""

    kind = COUNTER

    def __init__(self, rows: Sequence[Labels], ids: IdArray, reader: Reader) -> None:
        self.series = SeriesLabels(rows)
        self._stored, self._ids, self._reader = SeriesLabels(rows[: len(ids)]), ids, reader
        self._places = {labels: place for place, labels in enumerate(rows)}

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `Family`."""
        waiting: list[tuple[int, Labels, float]] = []

        def take(state: State, start: int, end: int) -> None:
            for (at, _), table in state.endpoints.pending.items():
                if start <= at < end:
                    waiting.extend((at, labels, value) for labels, value in increases(table))

        stored = StoredFamily(COUNTER, self._stored, self._ids, self._reader, _store, take)
        figures = stored.read(axis, ("increase", "count"), budget, with_values=False)
        more = ((0, 0), (0, len(self.series) - len(self._ids)))
        increase, count = np.pad(figures.columns["increase"], more), np.pad(figures.count, more)
        for at, labels, value in waiting:
            place = self._places.get(labels)
            if place is not None:
                row = int(np.searchsorted(axis.edges, at, side="right")) - 1
                increase[row, place] += value
                count[row, place] += 1
        return replace(
            figures,
            series=self.series,
            present=count > 0,
            columns={"increase": increase, "count": count},
            totals=self._reader.ask(self._totals),
            ended=np.zeros(len(self.series)),
            lasting=True,
        )

    def _totals(self, state: State, now: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        totals = np.pad(_store(state).totals(self._ids), (0, len(self.series) - len(self._ids)))
        for table in state.endpoints.pending.values():
            for labels, value in increases(table):
                if labels in self._places:
                    totals[self._places[labels]] += value
        return totals


def _store(state: State) -> SeriesStore:
    return state.endpoint_series.store


def _asks(matchers: Sequence[LabelMatcher]) -> bool:
    """Whether a selector may find series of endpoints."""
    names = [matcher.predicate() for matcher in matchers if matcher.name == NAME_LABEL]
    return any(all(fulfils(name) for fulfils in names) for name in FAMILIES)


def _all_pending(state: State, now: float, start: float, end: float) -> list[Labels]:
    """The labels of pending usage."""
    return list(
        dict.fromkeys(
            labels
            for (at, _), table in state.endpoints.pending.items()
            if start <= at + 1 and at <= end
            for labels, _ in increases(table)
        )
    )
