"""Lives of series: since when each is known, when it was last heard of, and what it counted since then."""

from collections.abc import Iterable, Sequence
from functools import reduce
from heapq import nsmallest
from operator import add

from msgspec import Struct

LEAST_SILENCE = 300.0
"""Seconds without a point after which Prometheus takes a series for stale."""


class Life(Struct, gc=False):
    """One series; times in seconds since the epoch.

    Attributes:
        kind: one of `POINT_KINDS`.
        service: the value of its label `service`; empty if it has none.
        first: when its first point was received.
        heard: when its newest point was received.
        newest: the latest time of a point of it.
        last: its latest value, or increase.
        count: number of its values; of a counter: of its points.
        total: sum of its values; of a counter: all its increases, and what cumulative sources had counted before.
        ended: time of its newest stale marker, which hides its values up to then; 0 if it had none.
    """

    kind: str
    service: str
    first: float
    heard: float
    newest: float
    last: float = 0.0
    count: float = 0.0
    total: float = 0.0
    ended: float = 0.0

    def observe(self, values: Sequence[float], ats: Sequence[float], now: float) -> None:
        """Note values with their times, in the order of the log, that were received at `now`."""
        self.heard = now
        self.count += len(values)
        self.total = reduce(add, values, self.total)  # not `sum`, whose rounding depends on the version of Python
        newest = max(ats)
        if newest >= self.newest:
            self.newest, self.last = newest, values[len(ats) - 1 - ats[::-1].index(newest)]

    @property
    def replaceable_at(self) -> float:
        """From when on it makes room for new series: when it has been silent for longer than it lived."""
        return self.heard + max(LEAST_SILENCE, self.heard - self.first)

    @property
    def until(self) -> float:
        """The latest time at which it had a point or got one."""
        return max(self.heard, self.newest)


UNUSED = Life("", "", 0.0, 0.0, 0.0)
"""Stands for ids that are not in use."""


def replaceable(lives: Iterable[tuple[int, Life]], now: float, most: int) -> list[int]:
    """The ids of up to `most` series that make room for new ones, those that are silent for the longest first."""
    found = ((life.heard, number) for number, life in lives if life.replaceable_at < now)
    return [number for _, number in nsmallest(most, found)]
