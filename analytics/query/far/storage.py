"""The storage of the PromQL engine over what is kept here and, for what is older, another database."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from analytics.clock import rfc3339_second
from analytics.points import Labels
from analytics.promql.block import Block, empty, no_objects, objects_of
from analytics.promql.budget import Budget
from analytics.promql.matchers import LabelMatcher
from analytics.promql.series_labels import SeriesLabels
from analytics.promql.storage import Asked, Samples, SeriesStorage
from analytics.query.cells.samples import side_by_side
from analytics.query.cells.storage import CellStorage, KeptBuckets
from analytics.query.far.filling import FILLED
from analytics.query.far.reading import CannotReadBack, FarReading
from analytics.query.far.source import FarSource
from analytics.state.resolution import Resolution
from analytics.state.rollup import Level

BY_LEVEL = (Resolution.DAY, Resolution.HOUR, Resolution.MINUTE)
SECOND_MILLISECONDS = 1_000


class FarStorage(Struct, frozen=True):
    """See `SeriesStorage`. Each step is answered from here if buckets as fine as its window are kept, else from afar.

    Attributes:
        near: the storage over what is kept here.
        buckets: which buckets that has.
    """

    near: SeriesStorage
    reading: FarReading
    buckets: KeptBuckets

    def instant(self, asked: Asked) -> Block:
        """See `SeriesStorage`."""
        block, _ = self._over(lambda storage, part: (storage.instant(part), False), asked, asked.lookback)
        return block

    def over(self, function: str, asked: Asked) -> tuple[Block, bool] | None:
        """See `SeriesStorage`."""
        length = asked.selector.range or asked.lookback
        return self._over(partial(_function, function), asked, length)

    def samples(self, asked: Asked, start: int, end: int) -> Samples:
        """See `SeriesStorage`."""
        kept = self._kept(Resolution.MINUTE)
        found = self.near.samples(asked, max(start, min(end, kept)), end)
        if start >= kept:
            return found
        cut = min(end, kept)
        try:
            source = self._source(Resolution.MINUTE, start, cut)
            far = _storage(source).samples(asked, start, cut)
        except CannotReadBack as error:
            asked.annotations.warn(self._unreadable(error), asked.selector.at)
            return self.near.samples(asked, start, end)
        if not len(far.series):
            return self.near.samples(asked, start, end)
        self._note(asked, cut, source)
        return _one_after_another(far, found)

    def labels(self, matchers: Sequence[LabelMatcher], start: int, end: int, budget: Budget) -> list[Labels]:
        """See `SeriesStorage`: series of which anything is kept here."""
        return self.near.labels(matchers, start, end, budget)

    def _over(
        self, ask: Callable[[SeriesStorage, Asked], tuple[Block, bool] | None], asked: Asked, length: int
    ) -> tuple[Block, bool]:
        level = _level(self.buckets.levels, length)
        kept = self._kept(level)
        cut = int(np.searchsorted(asked.times, kept + length))
        far: Block | None = None
        if cut:
            part = replace(_steps(asked, slice(0, cut)), grouping=None if cut < len(asked.times) else asked.grouping)
            try:
                source = self._source(level, int(part.times[0]) - length, int(part.times[-1]))
                answer = ask(_storage(source), part)
                assert answer is not None
                far, applied = answer
            except CannotReadBack as error:
                asked.annotations.warn(self._unreadable(error), asked.selector.at)
        if far is None or not len(far.series):
            whole = ask(self.near, asked)
            assert whole is not None
            return whole
        self._note(asked, int(asked.times[cut - 1]), source)
        if cut == len(asked.times):
            return far, applied
        rest = ask(self.near, replace(_steps(asked, slice(cut, None)), grouping=None))
        assert rest is not None
        return _stacked(far, rest[0]), False

    def _kept(self, level: Resolution) -> int:
        """Since when the near storage has buckets of a level: of a coarser one all or none are used; milliseconds."""
        above = self.buckets.levels[min(level + 1, Resolution.DAY)].size
        return -(-self.buckets.oldest(level) // above) * above * SECOND_MILLISECONDS

    def _source(self, level: Resolution, start: int, end: int) -> FarSource:
        """The data of the other database between two times, in milliseconds."""
        size = self.buckets.levels[level].size
        first = start // SECOND_MILLISECONDS // size * size
        last = -(-end // (SECOND_MILLISECONDS * size)) * size
        return FarSource(self.reading, self.buckets.levels, level, first, last)

    def _note(self, asked: Asked, until: int, source: FarSource) -> None:
        at = rfc3339_second(until // SECOND_MILLISECONDS)
        asked.annotations.inform(f"what is before {at} comes from {self.reading.target}", asked.selector.at)
        if source.is_filled:
            asked.annotations.inform(FILLED, asked.selector.at)

    def _unreadable(self, error: CannotReadBack) -> str:
        return f"{self.reading.target} could not be read, so older figures are coarser or missing: {error}"


def _storage(source: FarSource) -> CellStorage:
    """The storage over a source alone."""
    levels = [Level(source.size, (source.end - source.start) // source.size)]
    return CellStorage([source], KeptBuckets(levels, lambda _: source.start, lambda: float(source.end)))


def _function(function: str, storage: SeriesStorage, asked: Asked) -> tuple[Block, bool] | None:
    return storage.over(function, asked)


def _level(levels: Sequence[Level], length: int) -> Resolution:
    """The coarsest level whose buckets are not longer than a window, in milliseconds."""
    fitting = (level for level in BY_LEVEL if levels[level].size * SECOND_MILLISECONDS <= length)
    return next(fitting, Resolution.MINUTE)


def _steps(asked: Asked, part: slice) -> Asked:
    return replace(
        asked,
        times=asked.times[part],
        steps=asked.steps[part],
        parameters=tuple(each[part] for each in asked.parameters),
    )


def _stacked(first: Block, second: Block) -> Block:
    """Two blocks one after the other in time."""
    keys: dict[tuple[Labels, bool], int] = {}
    places = []
    for block in (first, second):
        rows = zip(block.series.rows, block.unnamed.tolist(), strict=True)
        places.append([keys.setdefault(key, len(keys)) for key in rows])
    steps = len(first.values) + len(second.values)
    values, present = np.zeros((steps, len(keys))), np.zeros((steps, len(keys)), bool)
    has_histograms = first.histograms is not None or second.histograms is not None
    histograms = no_objects(values.shape) if has_histograms else None
    for block, columns, start in ((first, places[0], 0), (second, places[1], len(first.values))):
        rows_of = slice(start, start + len(block.values))
        values[rows_of, columns], present[rows_of, columns] = block.values, block.present
        if histograms is not None:
            histograms[rows_of, columns] = objects_of(block)
    if not keys:
        return empty(steps)
    unnamed = np.array([is_unnamed for _, is_unnamed in keys], bool)
    return Block(SeriesLabels([labels for labels, _ in keys]), values, present, histograms, unnamed)


def _one_after_another(first: Samples, second: Samples) -> Samples:
    """Samples of the same series at different times."""
    both = side_by_side([first, second])
    places: dict[Labels, list[int]] = {}
    for place, labels in enumerate(both.series.rows):
        places.setdefault(labels, []).append(place)
    columns = [each[0] for each in places.values()]
    values, present = both.values[:, columns].copy(), both.present[:, columns].copy()
    histograms = None if both.histograms is None else both.histograms[:, columns].copy()
    for target, (_, *others) in enumerate(places.values()):
        for other in others:
            there = both.present[:, other]
            values[there, target] = both.values[there, other]
            present[:, target] |= there
            if histograms is not None and both.histograms is not None:
                histograms[there, target] = both.histograms[there, other]
    return Samples(SeriesLabels(list(places)), both.times, values, present, both.unnamed[columns], histograms)
