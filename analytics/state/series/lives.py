"""Lives of series: since when each is known, when it was last heard of, and what it counted since then."""

from collections.abc import Iterable
from heapq import nsmallest

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
