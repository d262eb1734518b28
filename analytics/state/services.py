"""The registry of services: their heartbeats, their health, and what their cumulative counters add."""

from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import Struct

from analytics.state.claims import Claims
from analytics.state.health import RHYTHM, health, usual_interval
from analytics.state.observations import Observations

Figure = int | float
"""A number as JSON has it."""


class Reported(NamedTuple):
    """What a heartbeat said in figures; None where it said nothing."""

    requests: float | None
    errors: float | None
    latency: float | None
    uptime: float | None

    @classmethod
    def of(cls, metrics: dict[str, Any] | None) -> "Reported":
        found = metrics or {}
        return cls(
            found.get("request_count"),
            found.get("error_count"),
            found.get("avg_latency"),
            found.get("uptime"),
        )


class Increase(NamedTuple):
    """By how much the counters of a service rose since its last heartbeat."""

    requests: float
    errors: float


class ServiceImage(Struct, frozen=True):
    """What a `Service` holds, as it is written down."""

    name: str
    first_seen: float
    last_seen: float
    status: str | None
    status_since: float | None
    last_heartbeat: float | None
    intervals: list[float]
    reported: tuple[Figure | None, Figure | None, Figure | None, Figure | None]
    reported_metrics: dict[str, Any]
    baseline: tuple[Figure, Figure]
    direct: list[str]


class Service:
    """One service. Times are in seconds since the epoch.

    `baseline` is what the first heartbeat's counters said: it happened before anyone watched, so it belongs to the
    totals but to no bucket of time. `direct` names the quantities that were observed directly.
    """

    __slots__ = (
        "baseline",
        "direct",
        "first_seen",
        "intervals",
        "last_heartbeat",
        "last_seen",
        "name",
        "reported",
        "reported_metrics",
        "status",
        "status_since",
    )

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.first_seen = self.last_seen = now
        self.status: str | None = None
        self.status_since: float | None = None
        self.last_heartbeat: float | None = None
        self.intervals: deque[float] = deque(maxlen=RHYTHM)
        self.reported = Reported(None, None, None, None)
        self.reported_metrics: dict[str, Any] = {}
        self.baseline = Increase(0, 0)
        self.direct: set[str] = set()

    @classmethod
    def of(cls, image: ServiceImage) -> "Service":
        """The service of that image."""
        service = cls(image.name, image.first_seen)
        service.last_seen, service.last_heartbeat = image.last_seen, image.last_heartbeat
        service.status, service.status_since = image.status, image.status_since
        service.intervals.extend(image.intervals)
        service.reported, service.reported_metrics = Reported(*image.reported), image.reported_metrics
        service.baseline, service.direct = Increase(*image.baseline), set(image.direct)
        return service

    def image(self) -> ServiceImage:
        """What it holds."""
        return ServiceImage(
            self.name,
            self.first_seen,
            self.last_seen,
            self.status,
            self.status_since,
            self.last_heartbeat,
            list(self.intervals),
            self.reported,
            self.reported_metrics,
            self.baseline,
            sorted(self.direct),
        )

    def beat(self, status: str, metrics: dict[str, Any] | None, now: float) -> Increase:
        """Take a heartbeat; returns what its counters add to the series since the last one.

        A counter that fell means a restart: it counts from zero. Where requests (or errors) are observed directly
        they are not counted a second time.
        """
        new, old = Reported.of(metrics), self.reported
        if self.last_heartbeat is not None:
            self.intervals.append(max(0.0, now - self.last_heartbeat))
        if status != self.status:
            self.status_since = now
        self.status, self.last_heartbeat, self.last_seen = status, now, now
        self.reported = Reported(*(b if b is not None else a for a, b in zip(old, new, strict=True)))
        self.reported_metrics = metrics or {}
        self.baseline = Increase(
            self.baseline.requests + (new.requests or 0 if old.requests is None else 0),
            self.baseline.errors + (new.errors or 0 if old.errors is None else 0),
        )
        return Increase(
            0 if "requests" in self.direct else _rise(old.requests, new.requests),
            0 if self.errors_are_direct else _rise(old.errors, new.errors),
        )

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
    def errors_are_direct(self) -> bool:
        """Whoever reports its requests one by one reports its errors so too."""
        return not self.direct.isdisjoint(("requests", "errors"))

    def add_baseline(self, requests: float, errors: float) -> tuple[float, float]:
        """Observed requests and errors, with what happened before anyone watched where only heartbeats tell."""
        if "requests" not in self.direct:
            requests += self.baseline.requests
        if not self.errors_are_direct:
            errors += self.baseline.errors
        return requests, errors

    def health(self, now: float) -> tuple[str, float | None]:
        """Its state now, and since when; without any heartbeat since it was first seen."""
        state, since = health(self.status, self.last_heartbeat, self.intervals, now)
        if since is None:
            since = self.first_seen if self.status is None else self.status_since
        return state, since

    def uptime_hours(self, now: float) -> float:
        """As its heartbeats report it, else the hours since it was first seen."""
        if self.reported.uptime is not None:
            return self.reported.uptime
        return max(0.0, now - self.first_seen) / 3600

    @property
    def usual_interval(self) -> float | None:
        """Seconds between heartbeats, as it usually keeps them."""
        return usual_interval(self.intervals)


def _rise(old: float | None, new: float | None) -> float:
    if old is None or new is None:
        return 0
    return new - old if new >= old else new


class Registry:
    """Every known service by name, at most `limit` of them; records that wait for the journal hold claims on room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._services: dict[str, Service] = {}
        self._claims = Claims()

    def without_room(self, names: Iterable[str]) -> set[str]:
        """Those of `names` that are not known and will find no room, the first ones being served first."""
        unknown = [name for name in dict.fromkeys(names) if name not in self._services and name not in self._claims]
        return set(unknown[self.room :]) if unknown else set()

    @property
    def room(self) -> int:
        """How many more services there may be."""
        return max(0, self._limit - len(self._services) - len(self._claims))

    def has(self, name: str) -> bool:
        """Whether a service is known, or room for it is claimed."""
        return name in self._services or name in self._claims

    def claim(self, names: Iterable[str]) -> list[str]:
        """Hold room for those of `names` that are not known, and return them; `release` takes them back."""
        unknown = [name for name in names if name not in self._services]
        if unknown:
            self._claims.hold(unknown)
        return unknown

    def release(self, names: Iterable[str]) -> None:
        """Give back what was claimed: the services are known now, or their records are not counted."""
        self._claims.release(names)

    def admit(self, name: str, now: float) -> Service:
        """The service of that name, made known now if it is not."""
        service = self._services.get(name)
        if service is None:
            service = self._services[name] = Service(name, now)
        return service

    def get(self, name: str) -> Service | None:
        return self._services.get(name)

    def all(self) -> list[Service]:
        """All services in the order of their names."""
        return [self._services[name] for name in sorted(self._services)]

    def forget_unseen(self, since: float) -> None:
        """Drop the services of which nothing was seen since then: their retained time is over."""
        for name in [name for name, service in self._services.items() if service.last_seen < since]:
            del self._services[name]

    def images(self) -> list[ServiceImage]:
        """What all services hold, for `restore`, in the order in which they became known."""
        return [service.image() for service in self._services.values()]

    def restore(self, images: Iterable[ServiceImage]) -> None:
        """Become what another registry was; it may have had more room."""
        self._services = {image.name: Service.of(image) for image in images}
        self._claims.clear()

    def __len__(self) -> int:
        return len(self._services)
