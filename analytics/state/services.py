"""One service: who sends its heartbeats, how it is, and what it counted before anyone watched."""

from collections import deque
from typing import Any, NamedTuple

from msgspec import Struct

from analytics.clock import DAY_SECONDS, HOUR_SECONDS
from analytics.records import NewHeartbeat
from analytics.state.counter_sources import CounterSource, CounterSources, CounterValues, Figure, Increase
from analytics.state.health import KEPT_INTERVALS
from analytics.state.history import MAX_CHANGES, Change, changes, state_of
from analytics.state.observations import Observations
from analytics.state.senders import MAX_INSTANCES, UNNAMED, Sender

FORGOTTEN_AFTER = DAY_SECONDS
"""Seconds after which an instance that is gone is no longer shown, and makes room for others."""


class Reported(NamedTuple):
    """Average latency (ms) and uptime (hours) as the latest heartbeats said; None where none did."""

    latency: Figure | None = None
    uptime: Figure | None = None


class StoredService(Struct, frozen=True, omit_defaults=True):
    """What a `Service` holds, as it is written down; the fields at the end are those of version 0.1.0."""

    name: str
    first_seen: float
    last_seen: float
    reported_metrics: dict[str, Any]
    baseline: tuple[Figure, Figure]
    direct: list[str]
    latency: Figure | None = None
    uptime: Figure | None = None
    senders: list[Sender] = []
    history: list[Change] = []
    noted: float = 0.0
    status: str | None = None
    status_since: float | None = None
    last_heartbeat: float | None = None
    intervals: list[float] = []
    reported: tuple[Figure | None, Figure | None, Figure | None, Figure | None] = (None, None, None, None)


class Service:
    """One service. Times are in seconds since the epoch.

    `baseline` counts what happened before anyone watched: it belongs to the totals but to no bucket of time. `direct`
    names the quantities that were observed directly; of these, the counters of heartbeats add nothing from then on.
    `senders` are in the order of their latest heartbeats. `history` holds the changes up to `noted`; later ones, by
    silence, follow from the senders.
    """

    __slots__ = (
        "baseline",
        "direct",
        "first_seen",
        "history",
        "last_seen",
        "name",
        "noted",
        "reported",
        "reported_metrics",
        "senders",
    )

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.first_seen = self.last_seen = now
        self.reported = Reported()
        self.reported_metrics: dict[str, Any] = {}
        self.baseline = Increase(0, 0)
        self.direct: set[str] = set()
        self.senders: dict[str, Sender] = {}
        self.history: deque[Change] = deque(maxlen=MAX_CHANGES)
        self.noted = now

    @classmethod
    def restore(cls, stored: StoredService) -> "Service":
        """The service of that stored."""
        service = cls(stored.name, stored.first_seen)
        service.last_seen, service.reported_metrics = stored.last_seen, stored.reported_metrics
        service.baseline, service.direct = Increase(*stored.baseline), set(stored.direct)
        service.reported = Reported(stored.latency, stored.uptime)
        service.senders = {sender.name: sender for sender in stored.senders}
        service.history.extend(stored.history)
        service.noted = stored.noted
        if stored.status is not None and stored.last_heartbeat is not None:
            service._migrate(stored)
        return service

    def dump(self) -> StoredService:
        """What it holds."""
        return StoredService(
            self.name,
            self.first_seen,
            self.last_seen,
            self.reported_metrics,
            self.baseline,
            sorted(self.direct),
            *self.reported,
            list(self.senders.values()),
            list(self.history),
            self.noted,
        )

    def add_heartbeat(self, heartbeat: NewHeartbeat, now: float) -> Increase:
        """Take a heartbeat; returns what its counters add to the series since the last one."""
        self._note(now)
        name, found = heartbeat.instance or UNNAMED, heartbeat.metrics or {}
        sender = self.senders.pop(name, None)
        if sender is None:
            sources = CounterSources(is_named=name != UNNAMED)
            sender = Sender(name, now, now, now, heartbeat.status, now, sources)
        self.senders[name] = sender
        sender.add_heartbeat(heartbeat, now)
        gain = sender.counters.update(CounterValues(found.get("request_count"), found.get("error_count")))
        self.last_seen = max(self.last_seen, now)
        said = Reported(found.get("avg_latency"), found.get("uptime"))
        self.reported = Reported(*(old if new is None else new for new, old in zip(said, self.reported, strict=True)))
        self.reported_metrics = found
        self._make_room()
        state, reason = state_of(self.senders.values(), now)
        if state != self.state:
            self.history.append(Change(state, now, reason))
        before, rose = self._undirected(gain.before), self._undirected(gain.now)
        self.baseline = self.baseline.plus(*before)
        return rose

    def resume(self, alive: float, start: float) -> None:
        """Count silence anew from `start`: nobody watched since `alive`."""
        self._note(alive)
        for sender in self.senders.values():
            sender.resume(alive, start)
        self.noted = max(self.noted, start)

    def observed(self, seen: Observations, now: float) -> None:
        """Note which quantities were observed directly."""
        self.last_seen = max(self.last_seen, now, seen.at)
        if seen.requests is not None:
            self.direct.add("requests")
        if seen.errors is not None:
            self.direct.add("errors")
        if seen.latencies:
            self.direct.add("latency")

    @property
    def state(self) -> str | None:
        """Its state after the last change that is noted; None before the first heartbeat."""
        return self.history[-1].to if self.history else None

    def changes(self, now: float) -> list[Change]:
        """All changes that are kept, oldest first, with those by silence up to now."""
        return [*self.history, *changes(self.senders.values(), self.state, self.noted, now)]

    def health(self, now: float) -> tuple[str, float]:
        """Its state now, and since when; without any heartbeat since it was first seen."""
        if not self.senders:
            return "unknown", self.first_seen
        later = changes(self.senders.values(), self.state, self.noted, now)
        last = later[-1] if later else self.history[-1]
        return last.to, last.at

    def has_transition(self, after: float, up_to: float) -> bool:
        """Whether one of its senders falls silent, or is gone, between two times."""
        return any(after <= at < up_to for sender in self.senders.values() for at in sender.transitions())

    def forget_changes(self, before: float) -> None:
        """Forget the changes before a time, but for the last one: it tells the present state."""
        while len(self.history) > 1 and self.history[1].at < before:
            self.history.popleft()

    def uptime_hours(self, now: float) -> float:
        """As its heartbeats report it, else the hours since it was first seen."""
        if self.reported.uptime is not None:
            return self.reported.uptime
        return max(0.0, now - self.first_seen) / HOUR_SECONDS

    def has_room(self, instance: str) -> bool:
        """Whether a heartbeat of that instance can be told apart from others."""
        if instance in self.senders or len(self.senders) < MAX_INSTANCES:
            return True
        newest = max(sender.last for sender in self.senders.values())
        return any(newest - sender.gone_at > FORGOTTEN_AFTER for sender in self.senders.values())

    @property
    def due(self) -> float:
        """Until when it is known, if nothing is heard of it: its next heartbeat may be due long after the last one."""
        waits = [sender.last + (sender.interval or 0.0) + (sender.grace or 0.0) for sender in self.senders.values()]
        return max([self.last_seen, *waits])

    @property
    def newest(self) -> Sender | None:
        """The sender of the latest heartbeat."""
        return next(reversed(self.senders.values()), None)

    def _note(self, now: float) -> None:
        """Note the changes by silence up to now: what follows may hide them."""
        self.history.extend(changes(self.senders.values(), self.state, self.noted, now))
        self.noted = max(self.noted, now)

    def _make_room(self) -> None:
        """Forget the instance that is silent for longest where there are too many; should it return, it counts anew."""
        if len(self.senders) > MAX_INSTANCES:
            del self.senders[min(self.senders.values(), key=lambda sender: sender.last).name]

    def _undirected(self, gain: Increase) -> Increase:
        """`gain` without what is observed directly; requests that are observed one by one have their errors so too."""
        requests = 0 if "requests" in self.direct else gain.requests
        return Increase(requests, 0 if self.direct & {"requests", "errors"} else gain.errors)

    def _migrate(self, stored: StoredService) -> None:
        """Take what version 0.1.0 wrote of heartbeats; there, a baseline ended with direct observation."""
        requests, errors, *reported = stored.reported
        self.reported = Reported(*reported)
        self.baseline = self._undirected(self.baseline)
        last, counters = stored.last_heartbeat or 0.0, CounterValues(requests, errors)
        since = stored.status_since if stored.status_since is not None else last
        sources = CounterSources(is_named=False)
        if requests is not None or errors is not None:
            sources = CounterSources(
                is_named=False, beats=1, sources=[CounterSource(1, counters, 1, counters, steps=1)]
            )
        sender = Sender(UNNAMED, since, last, last, stored.status or "", since, sources)
        sender.intervals = list(stored.intervals)[-KEPT_INTERVALS:]
        self.senders, self.noted = {UNNAMED: sender}, last
        self.history.append(Change(sender.status, since, f"heartbeat reported {sender.status}"))
