"""Now and then a service of the demo shop goes wrong for a while: which one, when, and how badly."""

import random
from collections.abc import Sequence
from typing import NamedTuple


class Incident(NamedTuple):
    """One service's bad time, between two moments in seconds since the epoch."""

    service: str
    begins: float
    ends: float

    def severity(self, now: float) -> float:
        """From 0 (nothing wrong) to 1: rises in the first fifth, falls in the last third."""
        part = (now - self.begins) / (self.ends - self.begins)
        if not 0 <= part < 1:
            return 0.0
        return min(1.0, part / 0.2, (1 - part) / 0.33)


class Rhythm(NamedTuple):
    """Bounds, in seconds: the wait for the first incident, the quiet between two, and how long one lasts."""

    first: tuple[float, float]
    quiet: tuple[float, float]
    length: tuple[float, float]


#: Soon enough that someone who looks for two minutes sees one.
LIVE = Rhythm(first=(40, 75), quiet=(300, 900), length=(75, 180))
#: Long enough to be seen in a chart of hours.
PAST = Rhythm(first=(3_600, 10_800), quiet=(10_800, 21_600), length=(900, 2_400))
#: Rare enough that a chart of days shows single bad ones.
RARE = Rhythm(first=(86_400, 259_200), quiet=(86_400, 604_800), length=(1_800, 7_200))


class Incidents:
    """An endless row of incidents, one at a time.

    Ask with a clock that runs forward: of an incident that was over once, nothing is known any more.
    """

    def __init__(self, rng: random.Random, now: float, services: Sequence[str], rhythm: Rhythm = LIVE) -> None:
        self._rng, self._services, self._rhythm = rng, services, rhythm
        self._next = self._draw(now, rhythm.first)

    def at(self, now: float) -> Incident | None:
        """The incident going on at this moment."""
        while now >= self._next.ends:
            self._next = self._draw(self._next.ends, self._rhythm.quiet)
        return self._next if now >= self._next.begins else None

    def severity(self, service: str, now: float) -> float:
        incident = self.at(now)
        return incident.severity(now) if incident is not None and incident.service == service else 0.0

    def _draw(self, after: float, wait: tuple[float, float]) -> Incident:
        begins = after + self._rng.uniform(*wait)
        return Incident(self._rng.choice(self._services), begins, begins + self._rng.uniform(*self._rhythm.length))
