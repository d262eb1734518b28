"""Source of the service's own series: traffic, latency and events of services, from the rollup."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from analytics.points import COUNTER, HISTOGRAM, NAME_LABEL, Labels, labels_of
from analytics.promql.block import Floats, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily, ValueCounts
from analytics.query.reader import Reader
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENTS_SERIES, EVERY_SERVICE
from analytics.state.series.sketches import INDEX_OFFSET
from analytics.state.state import State

TRAFFIC_NAMES = {
    "requests": ("requests_total", COUNTER),
    "errors": ("errors_total", COUNTER),
    "latency": ("latency_milliseconds", HISTOGRAM),
}
"""Names and kinds of the service's own series by the name of the state's."""
EVENTS_TOTAL = "events_total"
_CELLS_AT_ONCE, _SKETCHES_AT_ONCE = 1_000, 200
"""Cells that are read at a time, without their sketches and with them."""


class TrafficSource:
    """Own series, named as the documentation lists them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`."""
        if not any(_accepted(matchers).values()):
            return []
        by_kind: dict[str, list[tuple[Labels, SeriesKey]]] = {}
        for kind, labels, key in self._named(matchers, budget):
            by_kind.setdefault(kind, []).append((labels, key))
        return [_Cells(kind, found, self._reader) for kind, found in by_kind.items()]

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`; series are listed as long as anything of them is kept."""
        return [labels for _, labels, _ in self._named(matchers, budget)]

    def _named(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[tuple[str, Labels, SeriesKey]]:
        """Kind, labels and key of the series that fulfil the matchers."""
        found = self._reader.ask(_named, matchers)
        chosen = selecting(matchers, [labels for _, labels, _ in found], budget)
        return [found[index] for index in chosen]


def _accepted(matchers: Sequence[LabelMatcher]) -> dict[str, bool]:
    """Whether a selector may find series with a name, by name."""
    names = [matcher.predicate() for matcher in matchers if matcher.name == NAME_LABEL]
    every = (EVENTS_TOTAL, *(shown for shown, _ in TRAFFIC_NAMES.values()))
    return {shown: all(fulfils(shown) for fulfils in names) for shown in every}


def _named(state: State, now: float, matchers: Sequence[LabelMatcher]) -> list[tuple[str, Labels, SeriesKey]]:
    """Kind, labels and key of the series whose names fulfil the matchers."""
    accepted = _accepted(matchers)
    found = []
    for key in state.series.totals:
        name, service, tags = key
        if service == EVERY_SERVICE:
            continue
        if name == EVENTS_SERIES:
            if not tags:  # the sum of all types
                continue
            shown, kind = EVENTS_TOTAL, COUNTER
        else:
            shown, kind = TRAFFIC_NAMES[name]
        if accepted[shown]:
            found.append((kind, labels_of([*tags, ("service", service), (NAME_LABEL, shown)]), key))
    return found


class _Cells:
    """Own series of one kind."""

    def __init__(self, kind: str, found: Sequence[tuple[Labels, SeriesKey]], reader: Reader) -> None:
        self.kind = kind
        self.series = SeriesLabels([labels for labels, _ in found])
        self._keys = [key for _, key in found]
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._reader = reader

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `Family`."""
        shape = (len(axis), len(self._keys))
        present: Mask = np.zeros(shape, bool)
        count: Floats = np.zeros(shape)
        found: dict[str, Floats] = {name: np.zeros(shape) for name in columns if name != "count"}
        values = _Values() if with_values and self.kind == HISTOGRAM else None

        def fill(state: State, now: float, level: int, first: int, last: int) -> None:
            for row in range(first, last):
                cells = self._bucket(state, level, int(axis.edges[row]))
                if not cells:
                    continue
                places = list(cells)
                present[row, places] = True
                count[row, places] = [cell.count for cell in cells.values()]
                for name, column in found.items():
                    column[row, places] = [_FIGURES[name](cell) for cell in cells.values()]
                if values is not None:
                    values.add(row, cells)

        size, row = max(1, (_CELLS_AT_ONCE if values is None else _SKETCHES_AT_ONCE) // len(self._keys)), 0
        for run in axis.runs:
            until = int(np.searchsorted(axis.edges, run.end))
            while row < until:
                last = min(row + size, until)
                self._reader.ask(fill, run.level, row, last)
                row = last
                budget.pause()
        totals: Floats = self._reader.ask(self._totals) if self.kind == COUNTER else np.zeros(len(self._keys))
        distributions = None if values is None else values.distributions()
        nothing = np.zeros(len(self._keys))
        return Figures(
            axis,
            self.series,
            present,
            {**found, "count": count},
            totals,
            nothing,
            lasting=True,
            distributions=distributions,
        )

    def _bucket(self, state: State, level: int, start: int) -> dict[int, Cell]:
        """The cells of one bucket by the series' place; they are not to be changed."""
        tables = list(state.series.tables(level, start))
        found: dict[int, Cell] = {}
        shared: set[int] = set()
        for table in tables:
            for place, cell in self._of(table):
                if place not in found:
                    found[place] = cell
                    continue
                if place not in shared:
                    found[place] = found[place].copy()
                    shared.add(place)
                found[place].merge(cell)
        return found

    def _of(self, table: Mapping[SeriesKey, Cell]) -> list[tuple[int, Cell]]:
        if len(table) < len(self._keys):
            places = self._places
            return [(places[key], cell) for key, cell in table.items() if key in places]
        return [(place, table[key]) for place, key in enumerate(self._keys) if key in table]

    def _totals(self, state: State, now: float) -> Floats:
        totals = state.series.totals
        return np.array([float(totals[key].sum) if key in totals else 0.0 for key in self._keys])


class _Values:
    """Collects sketches."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._series: list[int] = []
        self._keys: list[int] = []
        self._counts: list[float] = []
        self._scales: list[int] = []

    def add(self, row: int, cells: Mapping[int, Cell]) -> None:
        """Add the sketches of one bucket of time."""
        for place, cell in cells.items():
            if cell.quantiles is None:
                continue
            scale, zero, positive, negative = cell.quantiles.buckets
            before = len(self._keys)
            self._keys += [index + 1 + INDEX_OFFSET for index in positive]
            self._counts += positive.values()
            self._keys += [-(index + 1 + INDEX_OFFSET) for index in negative]
            self._counts += negative.values()
            if zero:
                self._keys.append(0)
                self._counts.append(zero)
            added = len(self._keys) - before
            self._rows += [row] * added
            self._series += [place] * added
            self._scales += [scale] * added

    def distributions(self) -> ValueCounts:
        """All of them."""
        return ValueCounts(
            np.array(self._rows, np.int32),
            np.array(self._series, np.int32),
            np.array(self._keys, np.int32),
            np.array(self._counts, np.float64),
            np.array(self._scales, np.int8),
        )


_FIGURES: dict[str, Callable[[Cell], float]] = {
    "increase": lambda cell: cell.sum,
    "sum": lambda cell: cell.sum,
}
