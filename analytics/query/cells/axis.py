"""The axis of a query: consecutive buckets, as fine as its windows need and as the service still has them."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from analytics.promql.block import Indices, Times
from analytics.state.rollup import Level

FULL_MINUTE = 60_000
"""Milliseconds."""


class Run(NamedTuple):
    """Buckets of one level, from `start` to `end` in seconds."""

    level: int
    start: int
    end: int


def _nothing() -> None:
    pass


class Places(NamedTuple):
    """For each step the buckets of its window, `first` to before `last`, and the seconds that they cover.

    `pause` lets others run, and is called every few milliseconds while windows are computed.
    """

    first: Indices
    last: Indices
    seconds: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    pause: Callable[[], None] = _nothing


class DistinctWindows(NamedTuple):
    """The different windows among many, and for each step the index of its window."""

    places: Places
    of_step: Indices

    def from_start(self) -> "DistinctWindows":
        """The same from the beginning of the axis."""
        return self._replace(places=self.places._replace(first=np.zeros_like(self.places.first)))


class Axis(Struct, frozen=True):
    """Consecutive buckets.

    Attributes:
        runs: the buckets by level, in the order of time.
        edges: their starts, and the end of the last one, in seconds.
        now: seconds; the last bucket may not be over yet.
    """

    runs: tuple[Run, ...]
    edges: Indices
    now: float

    def __len__(self) -> int:
        """Number of buckets."""
        return len(self.edges) - 1

    def places(self, ends: Times, length: int, pause: Callable[[], None] = _nothing) -> Places:
        """The buckets of the windows that end at `ends` and are `length` long, both in milliseconds.

        A bound within a bucket is moved to the bucket's nearer end, so the length stays the same on average; a window
        without a whole bucket becomes the bucket that it is in.
        """
        first, last = self._nearest(bounds(ends - length)), self._nearest(bounds(ends))
        inside = np.clip(np.searchsorted(self.edges, bounds(ends) - 1, side="right") - 1, 0, max(0, len(self) - 1))
        narrow = first >= last
        first, last = np.where(narrow, inside, first), np.where(narrow, inside + 1, last)
        reached = np.minimum(self.edges[last], int(self.now) + 1)
        seconds = np.maximum(reached - self.edges[first], 1).astype(np.float64)
        return Places(first, last, seconds, pause)

    def distinct(self, places: Places) -> DistinctWindows:
        """The windows without repetitions: several steps may fall into the same buckets."""
        keys = places.first * (len(self.edges) + 1) + places.last
        _, firsts, of_step = np.unique(keys, return_index=True, return_inverse=True)
        return DistinctWindows(
            Places(places.first[firsts], places.last[firsts], places.seconds[firsts], places.pause), of_step
        )

    def _nearest(self, wanted: Indices) -> Indices:
        after = np.clip(np.searchsorted(self.edges, wanted), 1, len(self.edges) - 1)
        is_before = wanted - self.edges[after - 1] < self.edges[after] - wanted
        return after - is_before


def bounds(times: Times) -> Indices:
    """The seconds at which a bound of a left-open window falls; one on a full minute stands between buckets."""
    return np.where(times % FULL_MINUTE == 0, times // 1000, times // 1000 + 1)


def make_axis(
    levels: Sequence[Level],
    oldest: Callable[[int], int],
    now: float,
    wanted: Iterable[Indices],
    *,
    from_start: bool = False,
    until_now: bool = False,
    is_finest: bool = False,
) -> Axis:
    """The axis for these bounds of windows in seconds, as coarse as they allow.

    Args:
        oldest: start of the oldest bucket of a level.
        from_start: it begins with the oldest bucket, whatever the windows.
        until_now: it reaches up to now, whatever the windows.
        is_finest: it is as fine as possible from the first to the last bound.
    """
    points = np.unique(np.concatenate([*wanted, np.zeros(0, np.int64)]))
    top = len(levels) - 1
    size = levels[top].size
    if not len(points):
        points = np.array([int(now)], np.int64)
    start = max(oldest(top) if from_start else int(points[0]), oldest(top)) // size * size
    last = int(now) + 1 if until_now else min(int(points[-1]), int(now) + 1)
    end = -(-max(last, start + 1) // size) * size
    buckets = [Run(top, each, each + size) for each in range(start, max(end, start + size), size)]
    for level in range(top - 1, -1, -1):
        spots = points
        if is_finest:
            above = levels[level + 1].size
            first, until = max(int(points[0]), start), min(int(points[-1]), end)
            spots = np.arange(first // above * above + 1, until + above, above)
        kept_from = oldest(level)
        buckets = [part for each in buckets for part in _refined(each, level, levels, kept_from, spots)]
    limit = int(now) + 1
    kept = [each for each in buckets if each.start < limit] or buckets[:1]
    edges = np.array([*(each.start for each in kept), kept[-1].end], np.int64)
    return Axis(tuple(_joined(kept)), edges, now)


def _refined(bucket: Run, level: int, levels: Sequence[Level], oldest: int, points: Indices) -> Iterable[Run]:
    """The bucket, or the finer ones in it if a bound falls into it and all of them are kept."""
    low, high = np.searchsorted(points, [bucket.start + 1, bucket.end])
    if bucket.level != level + 1 or low >= high or bucket.start < oldest:
        return (bucket,)
    size = levels[level].size
    return [Run(level, each, each + size) for each in range(bucket.start, bucket.end, size)]


def _joined(buckets: Iterable[Run]) -> list[Run]:
    runs: list[Run] = []
    for each in buckets:
        if runs and runs[-1].level == each.level:
            runs[-1] = runs[-1]._replace(end=each.end)
        else:
            runs.append(each)
    return runs
