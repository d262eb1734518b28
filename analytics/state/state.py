"""The state of the whole service: what recording changes and what every read is answered from."""

import threading
from collections.abc import Iterable

from analytics.config import Settings
from analytics.records import NO_TAGS, Event, Metric, NewHeartbeat, SeriesTags
from analytics.state.cascade import Cascade, Rung
from analytics.state.cells import Cell, UserCell
from analytics.state.counters import Counters
from analytics.state.endpoints import Endpoints
from analytics.state.observations import EVENT_TYPE, EVENTS, EVERY_SERVICE, OTHER, TRAFFIC, Observations
from analytics.state.peaks import HoursOfDays
from analytics.state.rings import Ring
from analytics.state.services import Registry
from analytics.state.users import ActiveUsers

SECOND, MINUTE, HOUR, DAY = range(4)
"""The rungs of `State.series`."""

SeriesKey = tuple[str, str, SeriesTags]
"""Name, service (`EVERY_SERVICE` for all together) and tags (`NO_TAGS` for all together)."""


class State:
    """All that is known. Changing it does no I/O and never yields; `lock` keeps readers and writers apart.

    A record counts in its service's series without tags, in the one with all its tags, and, for traffic and events,
    in the same over all services.
    """

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
        for seen in observations:
            self._count(seen)
            service = self.services.admit(seen.service, now)
            if service is not None:
                service.last_seen = now
                if seen.requests:
                    service.direct.add("requests")
                if seen.errors:
                    service.direct.add("errors")
                if seen.latencies:
                    service.direct.add("latency")
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
        self._count(seen)
        if rise.requests and service.reported.latency is not None and "latency" not in service.direct:
            requests, mean = max(1, round(rise.requests)), service.reported.latency
            reported = Cell(requests, requests * mean, mean, mean, mean, now)  # a mean has no percentiles
            self._add(now, "latency", beat.service, reported)
        self.version += 1
        return True

    def _count(self, seen: Observations) -> None:
        at, service = seen.at, seen.service
        add = self.series.add
        for event_type, count in seen.event_types.items():
            cell = Cell.tally(count, at)
            self._add(at, EVENTS, service, cell)
            tags: SeriesTags = ((EVENT_TYPE, event_type),)
            add(at, (EVENTS, service, tags), cell)
            add(at, (EVENTS, EVERY_SERVICE, tags), cell)
        if seen.users:
            users = UserCell.of(seen.users)
            self.users.add(at, service, users)
            self.users.add(at, EVERY_SERVICE, users)
            self.active_users.add(at, seen.users)
        if seen.requests:
            self._add(at, "requests", service, Cell.of([seen.requests], at))
            self.peaks.add(at, seen.requests)
        if seen.errors:
            self._add(at, "errors", service, Cell.of([seen.errors], at))
        if seen.latencies:
            self._add(at, "latency", service, Cell.of(seen.latencies, at, sketched=True))
        for endpoint, usage in seen.endpoints.items():
            self.endpoints.add(at, service, endpoint, usage)
        for (name, tags), values in seen.gauges.items():
            cell = Cell.of(values, at, sketched=name not in ("requests", "errors"))
            if name not in TRAFFIC:
                add(at, (name, service, NO_TAGS), cell)
            if tags:
                add(at, (name, service, tags), cell)

    def _add(self, at: float, name: str, service: str, cell: Cell) -> None:
        self.series.add(at, (name, service, NO_TAGS), cell)
        self.series.add(at, (name, EVERY_SERVICE, NO_TAGS), cell)
