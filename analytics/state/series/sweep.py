"""Sweep: removes the figures of retired series from all buckets bit by bit, so that their ids can be used again."""

from collections.abc import Iterable, Mapping

import numpy as np

from analytics.state.rollup import Bucket
from analytics.state.series.buckets import Buckets

MOST_LOOKED_AT = 64
"""Buckets that are looked at in a step: most hold nothing of the retired ids, which takes microseconds to see."""


class Sweep:
    """Retired ids, and the buckets that may hold figures of theirs.

    Buckets are swept from the finest level to the coarsest, so that no figures of a finer bucket get into one that was
    swept before.
    """

    def __init__(self, buckets: Mapping[str, Buckets]) -> None:
        self._buckets = buckets
        self._retired: list[int] = []
        self._swept: list[int] = []
        self._left: list[tuple[str, int, int]] = []
        self._level = 0

    def retire(self, numbers: Iterable[int]) -> None:
        """Sweep these ids in the next round."""
        self._retired += numbers

    def step(self) -> list[int]:
        """Sweep one bucket that holds figures of retired ids; returns those of which none are left, once in a round."""
        if not self._swept:
            if not self._retired:
                return []
            self._swept, self._retired = self._retired, []
            self._begin(0)
        gone = np.zeros(max(self._swept) + 1, bool)
        gone[self._swept] = True
        for _ in range(MOST_LOOKED_AT):
            while not self._left:
                if self._level + 1 == self._levels:
                    done, self._swept = self._swept, []
                    return done
                self._begin(self._level + 1)
            kind, level, start = self._left.pop()
            if self._buckets[kind].remove(Bucket(level, start), gone):
                break
        return []

    def dump(self) -> tuple[list[int], list[int], list[tuple[str, int, int]], int]:
        """The state, for `restore`."""
        return list(self._retired), list(self._swept), list(self._left), self._level

    def restore(self, retired: list[int], swept: list[int], left: list[tuple[str, int, int]], level: int) -> None:
        """Continue a sweep."""
        self._retired, self._swept, self._left, self._level = retired, swept, left, level

    @property
    def _levels(self) -> int:
        return len(next(iter(self._buckets.values())).levels)

    def _begin(self, level: int) -> None:
        self._level = level
        self._left = [(kind, level, start) for kind, each in self._buckets.items() for start in each.starts(level)]
