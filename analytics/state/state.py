"""The state of the whole service: what recording changes and what every read is answered from."""

import threading
from collections.abc import Iterable

from analytics.config import Settings
from analytics.records import NO_TAGS, Event, Metric, NewHeartbeat, SeriesTags
from analytics.state.cascade import Cascade, Rung
from analytics.state.cells import Cell, UserCell
from analytics.state.counters import Counters
from analytics.state.delta import SeriesKey, series_delta, users_delta
from analytics.state.endpoints import Endpoints
from analytics.state.observations import EVENT_TYPE, EVENTS, EVERY_SERVICE, OTHER, TRAFFIC, Observations
from analytics.state.peaks import HoursOfDays
from analytics.state.rings import Ring
from analytics.state.services import Registry
from analytics.state.users import ActiveUsers

SECOND, MINUTE, HOUR, DAY = range(4)
"""The rungs of `State.series`."""


class State:
    """All that is known. Changing it does no I/O and never yields; `lock` keeps readers and writers apart."""

    def __init__(self, settings: Settings, now: float) -> None:
        seconds, minutes = Rung(1, 120), Rung(60, 180)
        hours, days = Rung(3_600, settings.hourly_days * 24), Rung(86_400, settings.daily_days)
        self.lock = threading.Lock()
        self.started = now
        self.version = 0
        self.counters = Counters()
        self.events: Ring[Event] = Ring(settings.events_ring)
        self.metrics: Ring[Metric] = Ring(settings.metrics_ring)
        self.services = Registry(settings.max_services)
        self.series: Cascade[SeriesKey, Cell] = Cascade((seconds, minutes, hours, days), now)
        self.users: Cascade[str, UserCell] = Cascade((minutes, hours, days), now)
        self.active_users = ActiveUsers(now)
        self.peaks = HoursOfDays()
        self.endpoints = Endpoints(
            now,
            settings.daily_days,
            settings.max_service_endpoints,
            settings.max_endpoints,
            lambda: self.counters.dropped("endpoint_evicted"),
        )
        self.units: dict[tuple[str, str], str] = {}
        """Unit by metric name and service, the latest sent."""
        self._max_series, self._max_types = settings.max_series, settings.max_event_types
        self._limited: set[SeriesKey] = set()
        self._types: set[str] = set()

    @property
    def oldest(self) -> int:
        """The start of the oldest day that is kept."""
        return self.series.oldest(DAY)

    @property
    def limited_series(self) -> int:
        """How many series count towards their limit."""
        return len(self._limited)

    def advance(self, now: float) -> None:
        """Let time pass up to `now`."""
        day = self.series.open(DAY)
        self.series.advance(now)
        self.users.advance(now)
        self.active_users.advance(now)
        self.endpoints.advance(now)
        if self.series.open(DAY) != day:
            self.peaks.forget(self.oldest)
            self.services.forget_unseen(self.oldest)
            live = self.series.totals.keys()
            self._limited &= live
            self._types = {tags[0][1] for name, _, tags in live if name == EVENTS and tags}
            self.units = {key: unit for key, unit in self.units.items() if (*key, NO_TAGS) in live}

    def admit_series(self, name: str, service: str, tags: SeriesTags) -> bool:
        """Make room for a series of that name and its tagged part; False where the limit does not allow it."""
        wanted = [(name, service, tags)]
        if tags and name not in TRAFFIC and name != EVENTS:
            wanted.append((name, service, NO_TAGS))
        fresh = [key for key in wanted if key not in self._limited]
        if len(self._limited) + len(fresh) > self._max_series:
            return False
        self._limited.update(fresh)
        return True

    def admit_event_type(self, service: str, event_type: str) -> str:
        """The type under which events of `event_type` are counted: itself, or `other` beyond the limits."""
        has_room = event_type in self._types or len(self._types) < self._max_types
        if has_room and self.admit_series(EVENTS, service, ((EVENT_TYPE, event_type),)):
            self._types.add(event_type)
            return event_type
        return OTHER

    def apply(
        self,
        observations: Iterable[Observations],
        now: float,
        events: list[Event] | None = None,
        metrics: list[Metric] | None = None,
    ) -> None:
        """Count what was observed, and keep the records."""
        by_second: dict[int, list[Observations]] = {}
        for seen in observations:
            by_second.setdefault(int(seen.at), []).append(seen)
            service = self.services.admit(seen.service, now)
            if service is not None:
                service.last_seen = now
                if seen.requests:
                    service.direct.add("requests")
                if seen.errors:
                    service.direct.add("errors")
                if seen.latencies:
                    service.direct.add("latency")
        for together in by_second.values():
            self._count(together)
        if events:
            self.events.extend(events)
        if metrics:
            self.metrics.extend(metrics)
        self.version += 1

    def beat(self, beat: NewHeartbeat, now: float) -> bool:
        """Take a heartbeat; False where there is no room for its service."""
        service = self.services.admit(beat.service, now)
        if service is None:
            return False
        rise = service.beat(beat.status, beat.metrics, now)
        seen = Observations(beat.service, now)
        seen.requests, seen.errors = rise
        if rise.requests and service.reported.latency is not None and "latency" not in service.direct:
            seen.mean_latency = (max(1, round(rise.requests)), service.reported.latency)
        self._count([seen])
        self.version += 1
        return True

    def _count(self, seen: list[Observations]) -> None:
        """Count observations of one second."""
        at = seen[0].at
        self.series.add(at, series_delta(seen, at))
        users = users_delta(seen)
        if users:
            self.users.add(at, users)
            self.active_users.add(at, users[EVERY_SERVICE].users)
        for one in seen:
            if one.requests:
                self.peaks.add(at, one.requests)
            for endpoint, usage in one.endpoints.items():
                self.endpoints.add(at, one.service, endpoint, usage)
