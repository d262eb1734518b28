"""The storage of the PromQL engine over what is kept here and older cells of the long-term store, put together.

Both have the same cells, so every window is summed over both: there is no seam between them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.clock import DAY_SECONDS
from analytics.points import COUNTER, GAUGE, HISTOGRAM, NAME_LABEL, Labels
from analytics.promql.block import Block, Indices, Mask
from analytics.promql.budget import Budget
from analytics.promql.matchers import EQUAL, LabelMatcher, selecting
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Asked, Samples, SeriesStorage
from analytics.query.cells.axis import Axis
from analytics.query.cells.figures import Figures, SeriesFamily, Source, ValueCounts
from analytics.query.cells.storage import CellStorage, KeptBuckets
from analytics.query.cells.stored import joined_values, native_keys
from analytics.query.far.reading import CannotReadBack, CellColumns, MergingReading
from analytics.query.far.source import LASTING_COUNTERS
from analytics.state.resolution import Resolution

A = TypeVar("A")
COLUMN_OF = {"increase": "total", "sum": "total"}
"""Figures of cells by the names of columns, where they differ."""
NAMED_AT_MOST = 20
"""Metrics that one selector may find with older cells."""
LEVELS = (Resolution.MINUTE, Resolution.HOUR, Resolution.DAY)


class JoinedStorage(Struct, frozen=True):
    """See `SeriesStorage`. Series that only memory has are answered without the store.

    Attributes:
        near: the storage over what is kept here.
        joined: sources of which the store has older cells.
        others: sources of which it has none.
        buckets: which buckets are kept here.
    """

    near: SeriesStorage
    joined: Sequence[Source]
    others: Sequence[Source]
    buckets: KeptBuckets
    reading: MergingReading

    def instant(self, asked: Asked) -> Block:
        """See `SeriesStorage`."""
        return self._first_of(asked, asked.lookback, lambda storage: storage.instant(asked))

    def over(self, function: str, asked: Asked) -> tuple[Block, bool] | None:
        """See `SeriesStorage`."""
        length = asked.selector.range or asked.lookback
        return self._first_of(asked, length, lambda storage: storage.over(function, asked))

    def samples(self, asked: Asked, start: int, end: int) -> Samples:
        """See `SeriesStorage`."""
        length = asked.selector.range or asked.lookback
        return self._first_of(asked, length, lambda storage: storage.samples(asked, start, end))

    def labels(self, matchers: Sequence[LabelMatcher], start: int, end: int, budget: Budget) -> list[Labels]:
        """See `SeriesStorage`: series of which anything is kept here."""
        return self.near.labels(matchers, start, end, budget)

    def known_oldest(self, level: int) -> int:
        """Start of the oldest bucket of a level, here or there; here if the store gives no answer."""
        return known_oldest(self.reading, level, self.buckets.oldest(level))

    def _first_of(self, asked: Asked, length: int, ask: Callable[[SeriesStorage], A]) -> A:
        if not len(asked.times):
            return ask(self.near)
        start = (int(asked.times.min()) - length) // 1000
        if start >= self.buckets.oldest(Resolution.MINUTE):
            return ask(self.near)
        try:
            oldest = {
                level: oldest_of(self.reading, level, self.buckets.oldest(level))
                for level in range(len(self.buckets.levels))
            }
            end = int(asked.times.max()) // 1000 + 1
            found = JoinedSource(self, start, end)
            buckets = KeptBuckets(self.buckets.levels, oldest.__getitem__, self.buckets.current)
            return ask(CellStorage([found, *self.others], buckets))
        except CannotReadBack as error:
            note = f"{self.reading.target} could not be read, so older figures are coarser or missing: {error}"
            asked.annotations.warn(note, asked.selector.at)
            return ask(self.near)


def oldest_of(reading: MergingReading, level: int, near: int) -> int:
    """Start of the oldest bucket of a level, of which `near` is kept here.

    Raises:
        CannotReadBack: the store gave no answer.
    """
    far = None if level < Resolution.MINUTE else reading.oldest(Resolution(level))
    return near if far is None else min(near, far)


def known_oldest(reading: MergingReading, level: int, near: int) -> int:
    """The same; what is kept here if the store gave no answer."""
    try:
        return oldest_of(reading, level, near)
    except CannotReadBack:
        return near


class JoinedSource:
    """See `Source`; for a question about a range of time, in seconds."""

    def __init__(self, storage: JoinedStorage, start: int, end: int) -> None:
        self._storage, self._start, self._end = storage, start, end

    def families(self, matchers: Sequence[LabelMatcher], budget: Budget) -> list[SeriesFamily]:
        """See `Source`.

        Raises:
            CannotReadBack: the store gave no answer.
        """
        near = [each for source in self._storage.joined for each in source.families(matchers, budget)]
        equal = {each.name: each.value for each in matchers if each.operator == EQUAL and each.value}
        metric = equal.pop(NAME_LABEL, "")
        found: list[SeriesFamily] = [
            JoinedFamily(family.kind, family.series, family, self._storage, equal) for family in near
        ]
        if not metric:
            return found
        known = {labels for family in near for labels in family.series.rows}
        taken = {
            labels
            for source in self._storage.others
            for each in source.families(matchers, budget)
            for labels in each.series.rows
        }
        gone = {
            labels: kind
            for labels, kind in self._gone(metric, equal, matchers, budget).items()
            if labels not in known | taken
        }
        for kind in (COUNTER, GAUGE, HISTOGRAM):
            rows = [labels for labels, each in gone.items() if each == kind]
            if rows:
                found.append(JoinedFamily(kind, SeriesLabels(rows), None, self._storage, equal))
        return found

    def labels(self, matchers: Sequence[LabelMatcher], start: float, end: float, budget: Budget) -> list[Labels]:
        """See `Source`."""
        return [labels for source in self._storage.joined for labels in source.labels(matchers, start, end, budget)]

    def _gone(
        self, metric: str, equal: Mapping[str, str], matchers: Sequence[LabelMatcher], budget: Budget
    ) -> dict[Labels, str]:
        """The kinds of the series that the store has, by labels. Of the last days it has hours only."""
        read = self._storage.reading.cells
        start, end = self._start - DAY_SECONDS, self._end + DAY_SECONDS
        parts = [read(Resolution.DAY, metric, equal, start, end)]
        recent = max(start, int(self._storage.buckets.current()) - 2 * DAY_SECONDS)
        if end > recent:
            parts.append(read(Resolution.HOUR, metric, equal, recent, end))
        found = {labels: kind for part in parts for labels, kind in zip(part.series, part.kinds, strict=True)}
        rows = list(found)
        return {rows[place]: found[rows[place]] for place in selecting(matchers, rows, budget)}


class _StoredRows(NamedTuple):
    """Rows of an axis that the store has: their level, and from when to before when they start."""

    level: Resolution
    start: int
    end: int


class JoinedFamily:
    """Series of one kind.

    Args:
        near: the same series, of what is kept here; None if they are not.
        equal: labels that all of them have.
    """

    def __init__(
        self,
        kind: str,
        series: SeriesLabels,
        near: SeriesFamily | None,
        storage: JoinedStorage,
        equal: Mapping[str, str],
    ) -> None:
        self.kind, self.series, self._near, self._storage, self._equal = kind, series, near, storage, equal

    def read(self, axis: Axis, columns: Sequence[str], budget: Budget, *, with_values: bool) -> Figures:
        """See `SeriesFamily`."""
        if self._near is None:
            figures = self._nothing(axis, columns, with_values=with_values)
        else:
            figures = self._near.read(axis, columns, budget, with_values=with_values)
        parts = list(self._parts(axis))
        names = sorted({dict(labels)[NAME_LABEL] for labels in self.series.rows}) if parts else []
        if len(names) > NAMED_AT_MOST:
            raise CannotReadBack(f"a selector may find at most {NAMED_AT_MOST} metrics there")
        places = {labels: place for place, labels in enumerate(self.series.rows)}
        present = figures.present.copy()
        found = {name: np.array(column) for name, column in figures.columns.items()}
        values = [] if figures.distributions is None else [figures.distributions]
        for part in parts:
            for name in names:
                cells = self._storage.reading.cells(
                    part.level, name, self._equal, part.start, part.end, has_sketches=with_values
                )
                budget.charge(len(cells.starts))
                chosen, rows, owners = _placed(cells, axis, places, self.kind)
                present[rows, owners] = True
                for column, target in found.items():
                    target[rows, owners] = cells.figures[COLUMN_OF.get(column, column)][chosen]
                if with_values and self.kind == HISTOGRAM:
                    values.append(_values(cells, chosen, rows, owners))
                budget.pause()
        figures = replace(figures, present=present, columns=found)
        if with_values and self.kind == HISTOGRAM:
            figures = replace(figures, distributions=joined_values(values))
        if self._near is None and "increase" in found:
            figures = replace(figures, totals=found["increase"].sum(axis=0))
        return figures

    def _parts(self, axis: Axis) -> Iterator[_StoredRows]:
        """The part of the axis that is older than the buckets in memory."""
        for run in axis.runs:
            if run.level in LEVELS:
                end = min(run.end, self._storage.buckets.oldest(run.level))
                if run.start < end:
                    yield _StoredRows(Resolution(run.level), run.start, end)

    def _nothing(self, axis: Axis, columns: Sequence[str], *, with_values: bool) -> Figures:
        shape = (len(axis), len(self.series))
        present: Mask = np.zeros(shape, bool)
        nothing = np.zeros(shape[1])
        name = dict(self.series.rows[0])[NAME_LABEL]
        return Figures(
            axis,
            self.series,
            present,
            {column: np.zeros(shape) for column in columns},
            nothing,
            nothing,
            lasting=name in LASTING_COUNTERS,
            distributions=joined_values([]) if with_values and self.kind == HISTOGRAM else None,
        )


def _placed(
    cells: CellColumns, axis: Axis, places: Mapping[Labels, int], kind: str
) -> tuple[Indices, Indices, Indices]:
    """The cells of known series of a kind, and the row and column of each."""
    columns = np.array(
        [places.get(labels, -1) if each == kind else -1 for labels, each in zip(cells.series, cells.kinds, strict=True)]
        or [-1],
        np.int64,
    )
    owners = columns[cells.places] if len(cells.places) else np.zeros(0, np.int64)
    rows = np.searchsorted(axis.edges, cells.starts, side="right") - 1
    chosen = np.flatnonzero((owners >= 0) & (rows >= 0) & (rows < len(axis)))
    return chosen, rows[chosen], owners[chosen]


def _values(cells: CellColumns, chosen: Indices, rows: Indices, owners: Indices) -> ValueCounts:
    """The sketches of some cells, which have these rows and columns."""
    row_of, column_of = np.full(len(cells.starts), -1, np.int32), np.zeros(len(cells.starts), np.int32)
    row_of[chosen], column_of[chosen] = rows, owners
    kept = np.flatnonzero(row_of[cells.sketch_cells] >= 0) if len(cells.sketch_cells) else np.zeros(0, np.int64)
    owner = cells.sketch_cells[kept]
    return ValueCounts(
        row_of[owner],
        column_of[owner],
        native_keys(cells.sketch_keys[kept]),
        cells.sketch_counts[kept],
        cells.scales[owner],
    )
