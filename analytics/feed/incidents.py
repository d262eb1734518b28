"""Incidents of the demo shop: which service fails, when, and how severely."""

import random
from collections.abc import Sequence
from typing import NamedTuple, Protocol


class DemoIncident(NamedTuple):
    """One service fails between two times, in seconds since the epoch."""

    service: str
    begins: float
    ends: float

    def severity(self, now: float) -> float:
        """From 0 (healthy) to 1: rises in the first fifth, falls in the last third."""
        part = (now - self.begins) / (self.ends - self.begins)
        if not 0 <= part < 1:
            return 0.0
        return min(1.0, part / 0.2, (1 - part) / 0.33)


class Schedule(NamedTuple):
    """Ranges in seconds: the wait for the first incident, the pause between incidents, and their length."""

    first: tuple[float, float]
    pause: tuple[float, float]
    length: tuple[float, float]


#: The first one comes within two minutes, soon enough for a short look at the demo.
LIVE_SCHEDULE = Schedule(first=(40, 75), pause=(300, 900), length=(75, 180))
#: Long enough to show in a chart of hours.
PAST = Schedule(first=(3_600, 10_800), pause=(10_800, 21_600), length=(900, 2_400))
#: Rare enough that a chart of days shows single bad days.
RARE = Schedule(first=(86_400, 259_200), pause=(86_400, 604_800), length=(1_800, 7_200))


class ShopIncidents(Protocol):
    """What the shop asks about incidents, at times that do not decrease."""

    def at(self, now: float) -> DemoIncident | None:
        """The incident at this time, if any."""
        ...

    def severity(self, service: str, now: float) -> float:
        """How severely the service fails, from 0 to 1."""
        ...


class DemoIncidents:
    """An endless series of incidents, one at a time.

    Times passed in must not decrease: incidents that are over are forgotten.
    """

    def __init__(
        self, rng: random.Random, now: float, services: Sequence[str], schedule: Schedule = LIVE_SCHEDULE
    ) -> None:
        self._rng, self._services, self._schedule = rng, services, schedule
        self._next = self._random_incident(now, schedule.first)

    def at(self, now: float) -> DemoIncident | None:
        """The incident at this time, if any."""
        while now >= self._next.ends:
            self._next = self._random_incident(self._next.ends, self._schedule.pause)
        return self._next if now >= self._next.begins else None

    def severity(self, service: str, now: float) -> float:
        """How severely the service fails, from 0 to 1."""
        return severity_at(self.at(now), service, now)

    def _random_incident(self, after: float, wait: tuple[float, float]) -> DemoIncident:
        begins = after + self._rng.uniform(*wait)
        return DemoIncident(
            self._rng.choice(self._services), begins, begins + self._rng.uniform(*self._schedule.length)
        )


class KnownIncidents:
    """Incidents that are known beforehand; where two overlap, the later one in the list counts."""

    def __init__(self, incidents: Sequence[DemoIncident]) -> None:
        self._incidents = incidents

    def at(self, now: float) -> DemoIncident | None:
        """The incident at this time, if any."""
        return next((found for found in reversed(self._incidents) if found.begins <= now < found.ends), None)

    def severity(self, service: str, now: float) -> float:
        """How severely the service fails, from 0 to 1."""
        return severity_at(self.at(now), service, now)


class WithIncident:
    """An endless series of incidents, with a known one that takes the place of others at its time."""

    def __init__(self, others: DemoIncidents, known: DemoIncident) -> None:
        self._others, self._known = others, KnownIncidents([known])

    def at(self, now: float) -> DemoIncident | None:
        """The incident at this time, if any."""
        other = self._others.at(now)  # asked always, so that the series does not depend on the known one
        return self._known.at(now) or other

    def severity(self, service: str, now: float) -> float:
        """How severely the service fails, from 0 to 1."""
        return severity_at(self.at(now), service, now)


def severity_at(incident: DemoIncident | None, service: str, now: float) -> float:
    """How severely a service fails if this incident is the current one."""
    return incident.severity(now) if incident is not None and incident.service == service else 0.0
