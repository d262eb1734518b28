"""The axis of a query: consecutive buckets, as fine as its windows need and as the service still has them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
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
    size, kept_from, limit = levels[top].size, oldest(top), int(now) + 1
    if not len(points):
        points = np.array([int(now)], np.int64)
    first = max(kept_from if from_start else int(points[0]), kept_from) // size * size
    last = limit if until_now else min(int(points[-1]), limit)
    end = max(-(-max(last, first + 1) // size) * size, first + size)
    starts = np.arange(first, end, size)
    level_of = np.full(len(starts), top, np.int64)
    for level in range(top - 1, -1, -1):
        spots = points
        if is_finest:
            above = levels[level + 1].size
            spots = np.arange(max(int(points[0]), first) // above * above + 1, min(int(points[-1]), end) + above, above)
        starts, level_of = _refined(starts, level_of, level, levels, oldest(level), spots)
    if not from_start:
        before = max(0, int(np.searchsorted(starts, points[0], side="right")) - 1)
        starts, level_of = starts[before:], level_of[before:]
    count = max(1, int(np.searchsorted(starts, limit)))
    starts, level_of = starts[:count], level_of[:count]
    edges = np.append(starts, starts[-1] + levels[int(level_of[-1])].size)
    changes = [0, *(np.flatnonzero(np.diff(level_of)) + 1).tolist(), count]
    runs = [Run(int(level_of[low]), int(edges[low]), int(edges[high])) for low, high in pairwise(changes)]
    return Axis(tuple(runs), edges, now)


def _refined(
    starts: Indices, level_of: Indices, level: int, levels: Sequence[Level], oldest: int, points: Indices
) -> tuple[Indices, Indices]:
    """Starts and levels of the buckets, with the finer ones in place of those that a bound falls into.

    A bucket stays as it is if not all the finer ones in it are kept.
    """
    above, size = levels[level + 1].size, levels[level].size
    inside = np.searchsorted(points, starts + 1) < np.searchsorted(points, starts + above)
    is_refined = inside & (level_of == level + 1) & (starts >= oldest)
    if not is_refined.any():
        return starts, level_of
    counts = np.where(is_refined, above // size, 1)
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(starts, counts) + within * size, np.repeat(np.where(is_refined, level, level_of), counts)
