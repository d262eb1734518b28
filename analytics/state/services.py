"""A service: its heartbeat senders, its health, and its counts from before the first observation."""

from collections import deque
from typing import Any, NamedTuple

from msgspec import Struct

from analytics.clock import DAY_SECONDS, HOUR_SECONDS
from analytics.records import NewHeartbeat
from analytics.state.counter_sources import CounterSource, CounterSources, CounterValues, Figure, Increase
from analytics.state.health import KEPT_INTERVALS
from analytics.state.history import MAX_HEALTH_CHANGES, HealthChange, changes, state_of
from analytics.state.observations import Observations
from analytics.state.senders import MAX_INSTANCES, UNNAMED, HeartbeatSender

BY_SPANS = "spans"
"""Stands in `Service.direct` for requests, errors and latency that were observed as spans."""
FORGOTTEN_AFTER = DAY_SECONDS
"""Seconds after which an instance that is gone is no longer listed and makes room for others."""


class Reported(NamedTuple):
    """Average latency (ms) and uptime (hours) from the latest heartbeats; None if none reported them."""

    latency: Figure | None = None
    uptime: Figure | None = None


class StoredService(Struct, frozen=True, omit_defaults=True):
    """Serialised form of a `Service`. The fields from `status` on are read from data of version 0.1.0 alone."""

    name: str
    first_seen: float
    last_seen: float
    reported_metrics: dict[str, Any]
    baseline: tuple[Figure, Figure]
    direct: list[str]
    latency: Figure | None = None
    uptime: Figure | None = None
    senders: list[HeartbeatSender] = []
    history: list[HealthChange] = []
    noted: float = 0.0
    status: str | None = None
    status_since: float | None = None
    last_heartbeat: float | None = None
    intervals: list[float] = []
    reported: tuple[Figure | None, Figure | None, Figure | None, Figure | None] = (None, None, None, None)


class Service:
    """One service. Times are in seconds since the epoch.

    Attributes:
        baseline: requests and errors from before the first observation: part of the totals, but of no bucket.
        direct: quantities (requests, errors, latency, `BY_SPANS` for all) observed directly; heartbeat counters no
            longer add to them.
        senders: senders of heartbeats by name, ordered by latest heartbeat.
        history: changes of state up to `noted`; later changes, by silence, follow from the senders.
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
        self.senders: dict[str, HeartbeatSender] = {}
        self.history: deque[HealthChange] = deque(maxlen=MAX_HEALTH_CHANGES)
        self.noted = now

    @classmethod
    def restore(cls, stored: StoredService) -> "Service":
        """The service that `dump` stored."""
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
        """The serialised form, for `restore`."""
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
        """Add a heartbeat; returns the increase of its counters that belongs to the series."""
        self._note(now)
        name, found = heartbeat.instance or UNNAMED, heartbeat.metrics or {}
        sender = self.senders.pop(name, None)
        if sender is None:
            sources = CounterSources(is_named=name != UNNAMED)
            sender = HeartbeatSender(name, now, now, now, heartbeat.status, now, sources)
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
            self.history.append(HealthChange(state, now, reason))
        before, rose = self._undirected(gain.before), self._undirected(gain.now)
        self.baseline = self.baseline.plus(*before)
        return rose

    def resume(self, last_alive: float, start: float) -> None:
        """Count silence from `start` on: no heartbeat could arrive since `last_alive`."""
        self._note(last_alive)
        for sender in self.senders.values():
            sender.resume(last_alive, start)
        self.noted = max(self.noted, start)

    def observed(self, seen: Observations, now: float) -> None:
        """Note which quantities were observed directly, or that spans were."""
        self.last_seen = max(self.last_seen, now, seen.at)
        if seen.is_from_spans:
            self.direct.add(BY_SPANS)
            return
        if seen.requests is not None:
            self.direct.add("requests")
        if seen.errors is not None:
            self.direct.add("errors")
        if seen.latencies:
            self.direct.add("latency")

    @property
    def state(self) -> str | None:
        """State after the last noted change; None before the first heartbeat."""
        return self.history[-1].to if self.history else None

    def changes(self, now: float) -> list[HealthChange]:
        """All kept changes, oldest first, including those by silence up to now."""
        return [*self.history, *changes(self.senders.values(), self.state, self.noted, now)]

    def health(self, now: float) -> tuple[str, float]:
        """The state now and its start; without any heartbeat, `unknown` since the first record."""
        if not self.senders:
            return "unknown", self.first_seen
        later = changes(self.senders.values(), self.state, self.noted, now)
        last = later[-1] if later else self.history[-1]
        return last.to, last.at

    def has_transition(self, after: float, up_to: float) -> bool:
        """Whether a sender falls silent or is gone within a period."""
        return any(after <= at < up_to for sender in self.senders.values() for at in sender.transitions())

    def forget_changes(self, before: float) -> None:
        """Forget the changes before a time, except the last one, which gives the present state."""
        while len(self.history) > 1 and self.history[1].at < before:
            self.history.popleft()

    def uptime_hours(self, now: float) -> float:
        """Uptime as reported by heartbeats, else the hours since the first record."""
        if self.reported.uptime is not None:
            return self.reported.uptime
        return max(0.0, now - self.first_seen) / HOUR_SECONDS

    def has_room(self, instance: str) -> bool:
        """Whether there is room for this instance."""
        if instance in self.senders or len(self.senders) < MAX_INSTANCES:
            return True
        newest = max(sender.last for sender in self.senders.values())
        return any(newest - sender.gone_at > FORGOTTEN_AFTER for sender in self.senders.values())

    @property
    def due(self) -> float:
        """The latest time at which a record was seen or is expected: heartbeats may be due long after the last one."""
        waits = [sender.last + (sender.interval or 0.0) + (sender.grace or 0.0) for sender in self.senders.values()]
        return max([self.last_seen, *waits])

    @property
    def newest(self) -> HeartbeatSender | None:
        """The sender of the latest heartbeat."""
        return next(reversed(self.senders.values()), None)

    def _note(self, now: float) -> None:
        """Add the changes by silence up to now to the history, before a heartbeat changes the senders."""
        self.history.extend(changes(self.senders.values(), self.state, self.noted, now))
        self.noted = max(self.noted, now)

    def _make_room(self) -> None:
        """Forget the instance with the oldest heartbeat if there are too many; if it returns, it is a new one."""
        if len(self.senders) > MAX_INSTANCES:
            del self.senders[min(self.senders.values(), key=lambda sender: sender.last).name]

    def _undirected(self, gain: Increase) -> Increase:
        """The increase without directly observed quantities; requests observed directly include their errors."""
        requests = 0 if self.direct & {"requests", BY_SPANS} else gain.requests
        return Increase(requests, 0 if self.direct & {"requests", "errors", BY_SPANS} else gain.errors)

    def _migrate(self, stored: StoredService) -> None:
        """Restore the heartbeats that version 0.1.0 stored; there, direct observation ended a baseline."""
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
        sender = HeartbeatSender(UNNAMED, since, last, last, stored.status or "", since, sources)
        sender.intervals = list(stored.intervals)[-KEPT_INTERVALS:]
        self.senders, self.noted = {UNNAMED: sender}, last
        self.history.append(HealthChange(sender.status, since, f"heartbeat reported {sender.status}"))
