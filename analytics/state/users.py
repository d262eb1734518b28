"""Who is active: the distinct users of the last five minutes, exact to the second at the window's edges."""

from collections.abc import Iterable

import datasketches

from analytics.state.distinct import LG_K

WINDOW = 300
"""Seconds."""


class ActiveUsers:
    """One small sketch a second, and a union over those in the window that is kept up to date as users arrive."""

    def __init__(self, now: float) -> None:
        self._seconds: dict[int, datasketches.hll_sketch] = {}
        self._window = datasketches.hll_union(LG_K)
        self._now = int(now)

    def add(self, at: float, users: Iterable[str]) -> None:
        """Count `users` as active at `at`; what lies ahead counts as now."""
        second = min(int(at), self._now)
        if second <= self._now - WINDOW:
            return
        sketch = self._seconds.get(second)
        if sketch is None:
            sketch = self._seconds[second] = datasketches.hll_sketch(LG_K)
        for user in users:
            sketch.update(user)
            self._window.update(user)

    def advance(self, now: float) -> None:
        """Forget whoever was last seen before the window."""
        self._now = max(self._now, int(now))
        gone = [second for second in self._seconds if second <= self._now - WINDOW]
        if gone:
            for second in gone:
                del self._seconds[second]
            self._window = datasketches.hll_union(LG_K)
            for sketch in self._seconds.values():
                self._window.update(sketch)

    @property
    def count(self) -> int:
        """How many distinct users the window holds."""
        return int(round(self._window.get_estimate()))
