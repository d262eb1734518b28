"""The state of the whole service: what recording changes and what every read is answered from."""

import threading
from collections.abc import Iterable, Sequence

from analytics.config import Settings
from analytics.records import NO_TAGS, UNLIMITED, Kept, NewEvent, NewHeartbeat, NewMetric, Quotas
from analytics.state.cascade import Cascade, Rung
from analytics.state.catalog import Catalog
from analytics.state.cells import Cell, UserCell
from analytics.state.counters import Counters
from analytics.state.delta import SeriesKey, series_delta, users_delta
from analytics.state.endpoints import Endpoints
from analytics.state.errors import Errors
from analytics.state.exact import UNIT_BITS
from analytics.state.limits import Limits
from analytics.state.observations import EVERY_SERVICE, Observations
from analytics.state.peaks import HoursOfDays
from analytics.state.registry import Registry
from analytics.state.rings import Ring
from analytics.state.users import ActiveUsers

SECOND, MINUTE, HOUR, DAY = range(4)
"""The rungs of `State.series`."""
MAX_GATHERED = 2_000
"""Seconds of services that may wait to be counted."""


class State:
    """All that is known. Changing it does no I/O and never yields; `lock` keeps readers and writers apart."""

    def __init__(self, settings: Settings, now: float) -> None:
        seconds, minutes = Rung(1, 120), Rung(60, 180)
        hours, days = Rung(3_600, settings.hourly_days * 24), Rung(86_400, settings.daily_days)
        self.lock = threading.Lock()
        self.started, self.time = now, 0.0
        """`time` is that of the newest record that was applied, in seconds since the epoch."""
        self.version = 0
        self.counters = Counters()
        self.catalog = Catalog()
        self.events: Ring[NewEvent] = Ring(settings.events_ring)
        self.metrics: Ring[NewMetric] = Ring(settings.metrics_ring)
        self.errors = Errors()
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
        self.limits = Limits(settings.max_series, settings.max_event_types)
        self.quotas: Quotas | None = None
        """The limits in force; None while a log of version 0.1.0 is replayed, which holds only what was accepted."""
        self._gathered: dict[tuple[int, int, str], Observations] = {}

    @property
    def oldest(self) -> int:
        """The start of the oldest day that is kept, as of the newest record."""
        days = self.series.rungs[DAY]
        return days.start(self.time) - days.size * (days.keep - 1)

    def set_quotas(self, quotas: Quotas | None) -> None:
        """Have these limits from now on; None for no limits."""
        self.quotas = quotas
        limits = quotas or UNLIMITED
        self.services.limit = limits.services
        self.limits.max_series, self.limits.max_types = limits.series, limits.event_types
        self.endpoints.in_all, self.endpoints.per_service = limits.endpoints, limits.service_endpoints

    def close(self) -> None:
        """Drop all sketches: their library complains on the console of those that are alive at exit."""
        self._gathered.clear()
        self.users.clear()
        self.active_users.clear()

    def proceed(self, to: float) -> None:
        """Come to the time of the record that is applied next.

        What is forgotten for good, and which endpoints make room for others, is decided here alone: never by who reads.
        """
        self.advance(to)
        if int(to) > int(self.time):
            self.settle()
            self.endpoints.proceed(to)
        day = self.oldest
        self.time = max(self.time, to)
        if self.oldest != day:
            self.expire()

    def advance(self, now: float) -> None:
        """Let windows and buckets of time pass up to `now`; that changes nothing that is counted."""
        if now < self.series.open(SECOND) + 1:
            return
        self.settle()
        self.series.advance(now)
        self.users.advance(now)
        self.active_users.advance(now)
        self.endpoints.last_minute.advance(now)

    def expire(self) -> None:
        """Forget what no day that is kept knows of: when a day is over, and after other days were kept than now."""
        self.settle()
        self.peaks.forget(self.oldest)
        self.catalog.expire(self.oldest)
        self.services.forget_unseen(self.oldest)
        for service in self.services.all():
            service.forget_changes(self.oldest)
        live = self.series.totals.keys()
        self.limits.expire(live)
        self.units = {key: unit for key, unit in self.units.items() if (*key, NO_TAGS) in live}

    def apply(
        self,
        observations: Iterable[Observations],
        now: float,
        events: Kept[NewEvent] | None = None,
        metrics: Kept[NewMetric] | None = None,
        failed: Sequence[int] = (),
    ) -> None:
        """Count what was observed, and keep the records; `failed` holds the places of the events that are errors."""
        for seen in observations:
            seen.close()
            self.services.admit(seen.service, now).observed(seen, now)
            self._gather(seen)
        if events is not None:
            self.events.add(events)
            self.errors.add(events, failed)
        if metrics is not None:
            self.metrics.add(metrics)
        self.version += 1

    def beat(self, beat: NewHeartbeat, now: float) -> None:
        """Take a heartbeat."""
        service = self.services.admit(beat.service, now)
        rise = service.beat(beat, now)
        seen = Observations(beat.service, now)
        if rise.requests:
            seen.add_requests(Cell.of([rise.requests], now))
        if rise.errors:
            seen.add_errors(Cell.of([rise.errors], now))
        if rise.requests and service.reported.latency is not None and "latency" not in service.direct:
            seen.mean_latencies.append((max(1, round(rise.requests)), service.reported.latency, now))
        self._gather(seen)
        self.version += 1

    def number_events(self, start: float) -> None:
        """Number events from the microseconds of the first start on: no number of an earlier log comes again."""
        if self.events.last_sequence == 0:
            self.events.last_sequence = round(start * 1e6) - 1

    def has_passed(self, now: float) -> bool:
        """Whether time alone changed something since the newest record: a day began, or a sender fell silent."""
        day = self.series.rungs[DAY]
        return day.start(now) > day.start(self.time) or any(
            service.turns_between(self.time, now) for service in self.services.all()
        )

    def watch(self, start: float) -> None:
        """Begin to watch again at `start`: silence counts from then, since nobody listened after the newest record."""
        for service in self.services.all():
            service.watched_again(self.time, start)
        self.proceed(start)
        self.version += 1

    def settle(self) -> None:
        """Bring what was gathered into the series: before every read, and at least once a second."""
        gathered, self._gathered = self._gathered, {}
        by_second: dict[tuple[int, int], list[Observations]] = {}
        for (second, shown, _), seen in gathered.items():
            by_second.setdefault((second, shown), []).append(seen)
        for seconds in sorted(by_second):
            self._count(by_second[seconds])

    def _gather(self, seen: Observations) -> None:
        """Hold what was observed until its second is over or somebody reads: most batches meet others there."""
        key = (int(seen.at), int(seen.shown_at), seen.service)
        held = self._gathered.get(key)
        if held is not None:
            held.merge(seen)
            return
        self._gathered[key] = seen
        if len(self._gathered) > MAX_GATHERED:
            self.settle()

    def _count(self, together: list[Observations]) -> None:
        """Count observations of one second."""
        at, shown_at = together[0].at, together[0].shown_at
        self.series.add(at, series_delta(together))
        users = users_delta(together)
        if users:
            self.users.add(at, users)
            self.active_users.add(shown_at, users[EVERY_SERVICE].users)
        for seen in together:
            if seen.requests is not None:
                self.peaks.add(at, seen.requests.total << (UNIT_BITS - seen.requests.shift))
            for endpoint, total in seen.endpoints.items():
                self.endpoints.add(at, shown_at, seen.service, endpoint, total)
