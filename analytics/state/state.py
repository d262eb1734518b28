"""State of the whole service: changed by applying records, read by every query."""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from analytics.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, first_number
from analytics.config import Settings
from analytics.kinds import EVENTS, KINDS, METRICS
from analytics.records import UNLIMITED, Kept, NewEvent, NewHeartbeat, NewMetric, Quotas
from analytics.state.alerts.alerts import Alerts
from analytics.state.alerts.incidents import Incidents
from analytics.state.alerts.outbox import NotificationOutbox
from analytics.state.alerts.silences import Silences
from analytics.state.catalog import Catalog
from analytics.state.cells import Cell, UserCell
from analytics.state.counters import Counters
from analytics.state.delta import SeriesKey, is_lasting, series_delta, users_delta
from analytics.state.endpoint_series import EndpointSeries
from analytics.state.endpoints import Endpoints
from analytics.state.errors import Errors
from analytics.state.exact import UNIT_BITS
from analytics.state.late_changes import (
    CUSTOM_SOURCE,
    ENDPOINTS_SOURCE,
    SERIES_SOURCE,
    USERS_SOURCE,
    Note,
    SinkProgress,
)
from analytics.state.limits import CardinalityLimits
from analytics.state.observations import EVERY_SERVICE, TRAFFIC, Observations
from analytics.state.peak_hours import PeakHours
from analytics.state.pushed import PushedGroups
from analytics.state.registry import Registry
from analytics.state.resolution import Resolution
from analytics.state.rings import Ring
from analytics.state.rollup import Bucket, Level, Rollup
from analytics.state.series.store import SERVICE_LABEL, SeriesStore
from analytics.state.services import BY_SPANS
from analytics.state.users import ActiveUsers

MAX_PENDING = 2_000
"""Observations, one per service and second, that may be pending before they are flushed."""


class State:
    """Everything the service knows.

    Changing it does no I/O and never yields. Hold `lock` to read or change it.
    """

    def __init__(self, settings: Settings, now: float) -> None:
        seconds, minutes = Level(1, 120), Level(MINUTE_SECONDS, 180)
        hours, days = Level(HOUR_SECONDS, settings.hourly_days * 24), Level(DAY_SECONDS, settings.daily_days)
        self._settings_days = self._days_kept = settings.daily_days
        self.lock = threading.Lock()
        self.started = now
        self.time = 0.0
        """Time of the newest record applied, in seconds since the epoch."""
        self.version = 0
        self.erasure_count = 0
        """How many erasures were applied since the process started."""
        self.counters = Counters()
        self.catalog = Catalog()
        self.rings: dict[str, Ring[Any]] = {
            kind.name: Ring(kind.ring_capacity(settings)) for kind in KINDS.values() if kind.ring_capacity is not None
        }
        """The newest records, by kind."""
        self.events: Ring[NewEvent] = self.rings[EVENTS.name]
        self.metrics: Ring[NewMetric] = self.rings[METRICS.name]
        self.errors = Errors()
        self.services = Registry(settings.max_services)
        self.sink_progress = SinkProgress(lambda: self.time, [level.size for level in (seconds, minutes, hours, days)])
        self._changed: set[Bucket] | None = set() if settings.data_dir and settings.store != "off" else None
        watch = self._watch
        self.series: Rollup[SeriesKey, Cell] = Rollup(
            (seconds, minutes, hours, days), now, is_lasting, watch(SERIES_SOURCE)
        )
        self.users: Rollup[str, UserCell] = Rollup(
            (minutes, hours, days), now, changed_late=watch(USERS_SOURCE, Resolution.MINUTE)
        )
        self.active_users, self.peak_hours = ActiveUsers(now), PeakHours()
        self.endpoint_series = EndpointSeries((seconds, minutes, hours, days), watch(ENDPOINTS_SOURCE))
        self.endpoints = Endpoints(
            now,
            settings.daily_days,
            settings.max_service_endpoints,
            settings.max_endpoints,
            lambda: self.counters.dropped("endpoint_evicted"),
            self.endpoint_series,
        )
        self.units: dict[tuple[str, str], str] = {}
        """Latest unit sent, by metric name and service."""
        self.series_store = SeriesStore((seconds, minutes, hours, days), ("latency",), watch(CUSTOM_SOURCE))
        """Typed series: custom metrics, and traffic metrics by their tags."""
        self.limits = CardinalityLimits(settings.max_series, settings.max_event_types, self.series_store)
        self.max_series_per_name = settings.max_series_per_name
        self.quotas: Quotas | None = None
        """Limits in force; None while a log of version 0.1.0 is replayed, which holds only accepted records."""
        self.pushed, self.silences, self.outbox = PushedGroups(), Silences(self.catalog), NotificationOutbox()
        self.alerts = Alerts(self.silences.withheld_until)
        self.incidents = Incidents(lambda: self.counters.dropped("incident_evicted"))
        self._pending: dict[tuple[int, int, str], Observations] = {}

    def _watch(self, source: str, finest: int = Resolution.SECOND) -> Note:
        """The function that a rollup calls with the changes of closed buckets; its levels begin with `finest`."""
        note, changed = self.sink_progress.watch(source, finest), self._changed
        if changed is None:
            return note

        def noted(level: int, start: int, keys: Iterable[Any]) -> None:
            if level + finest >= Resolution.MINUTE:
                changed.add(Bucket(level + finest, start))
            note(level, start, keys)

        return noted

    def take_changed(self) -> set[Bucket]:
        """The closed minutes, hours and days that were changed since the last call."""
        changed = set(self._changed or ())
        if self._changed is not None:
            self._changed.clear()
        return changed

    @property
    def oldest(self) -> int:
        """Start of the oldest day kept, as of the newest record."""
        return _day(self.time) - DAY_SECONDS * (self._days_kept - 1)

    def set_quotas(self, quotas: Quotas | None) -> None:
        """Apply these limits from now on; None for no limits."""
        self.quotas = quotas
        limits = quotas or UNLIMITED
        self.services.limit = limits.services
        self.limits.max_series, self.limits.max_types = limits.series, limits.event_types
        self.max_series_per_name = limits.series_per_name or limits.series
        self.endpoints.in_all, self.endpoints.per_service = limits.endpoints, limits.service_endpoints
        self._days_kept = self.endpoints.retained.keep = limits.days or self._settings_days

    def close(self) -> None:
        """Drop all sketches: their library prints warnings for those that are alive when the process exits."""
        self._pending.clear()
        self.users.clear()
        self.active_users.clear()

    def set_time(self, time: float) -> None:
        """Set the time to that of the next record (seconds since the epoch) before applying it.

        Only this deletes data and evicts endpoints, so reads never influence what is kept, however late they are.
        """
        increases = self.series_store.increases
        if increases.recorded_since is None:
            increases.recorded_since = time
        self.advance(time)
        if int(time) > int(self.time):
            self.flush()
            self.endpoints.flush(time)
        before, day = self.time, self.oldest
        self.time = max(self.time, time)
        if self.oldest != day:
            self.expire()
        elif int(self.time) > int(before):
            self._expire_buckets()

    def advance(self, now: float) -> None:
        """Move windows and buckets forward to `now`; changes nothing that is counted, and drops no buckets."""
        if now < self.series.open(Resolution.SECOND) + 1:
            return
        self.flush()
        self.series.advance(now)
        self.users.advance(now)
        self.active_users.advance(now)
        self.endpoints.last_minute.advance(now)

    def expire(self) -> None:
        """Delete what is older than the oldest day kept: after a day ended, or after the settings changed."""
        self.flush()
        self._expire_buckets()
        self.endpoints.expire(self.time)
        self.peak_hours.forget(self.oldest)
        self.catalog.expire(self.oldest)
        self.incidents.expire(self.oldest)
        self.errors.groups.expire(self.oldest)
        self.services.forget_unseen(self.oldest)
        for service in self.services.all():
            service.forget_changes(self.oldest)
        live = self.series.totals.keys()
        self.series.forget_expired(lambda key: key in live or (key[0] in TRAFFIC and self.services.has(key[1])))
        self.limits.expire(live)
        named = self.series_store.named(SERVICE_LABEL)
        self.units = {key: unit for key, unit in self.units.items() if key in named}

    def _expire_buckets(self) -> None:
        self.series.expire(self.time, self.oldest)
        self.users.expire(self.time, self.oldest)
        if self.sink_progress.late:
            self.sink_progress.expire([self.series.oldest(level) for level in Resolution])
        levels = self.series_store.levels
        oldest = [level.start(self.time) - level.size * (level.keep - 1) for level in levels[:-1]]
        for store in (self.series_store, self.endpoint_series.store):
            store.advance(self.time, [*oldest, self.oldest])

    def apply(
        self,
        observations: Iterable[Observations],
        now: float,
        events: Kept[NewEvent] | None = None,
        metrics: Kept[NewMetric] | None = None,
        failed: Sequence[int] = (),
    ) -> None:
        """Count observations and keep their records; `failed` holds the indexes of the events that are errors."""
        for seen in observations:
            seen.close()
            self.services.admit(seen.service, now).observed(seen, now)
            self._hold(seen)
        if events is not None:
            self.events.add(events)
            self.errors.add(events, failed)
        if metrics is not None:
            self.metrics.add(metrics)
        self.version += 1

    def apply_heartbeat(self, heartbeat: NewHeartbeat, now: float) -> None:
        """Apply a heartbeat received at `now`."""
        service = self.services.admit(heartbeat.service, now)
        rise = service.add_heartbeat(heartbeat, now)
        seen = Observations(heartbeat.service, now)
        if rise.requests:
            seen.add_requests(Cell.of([rise.requests], now))
        if rise.errors:
            seen.add_errors(Cell.of([rise.errors], now))
        if rise.requests and service.reported.latency is not None and not service.direct & {"latency", BY_SPANS}:
            seen.mean_latencies.append((max(1, round(rise.requests)), service.reported.latency, now))
        self._hold(seen)
        self.version += 1

    def number_events(self, start: float) -> None:
        """Continue event numbers from those of a start of the service.

        So a number that was lost, by a kill in `relaxed` or by restoring a backup, is never given again.
        """
        self.events.skip_to(first_number(self.events.last_sequence, start))

    def find_errors(self) -> None:
        """Find the errors among the kept events, for checkpoints of version 0.1.0, which hold none."""
        self.errors.find_in(self.events)

    def needs_tick(self, now: float) -> bool:
        """Whether time alone changed something since the newest record: a day began, or a sender fell silent."""
        return _day(now) > _day(self.time) or any(
            service.has_transition(self.time, now) for service in self.services.all()
        )

    def resume(self, start: float) -> None:
        """Count silence from `start` on: no heartbeat could arrive between the newest record and then."""
        for service in self.services.all():
            service.resume(self.time, start)
        self.alerts.note_outage(self.time, start)
        self.set_time(start)
        self.version += 1

    def flush(self) -> None:
        """Merge pending observations into the series: before every read, and at least once a second."""
        pending, self._pending = self._pending, {}
        by_second: dict[tuple[int, int], list[Observations]] = {}
        for (second, shown, _), seen in pending.items():
            by_second.setdefault((second, shown), []).append(seen)
        for seconds in sorted(by_second):
            self._count(by_second[seconds])

    def _hold(self, seen: Observations) -> None:
        """Merge observations with pending ones of the same service and second, to be flushed together."""
        key = (int(seen.at), int(seen.shown_at), seen.service)
        held = self._pending.get(key)
        if held is not None:
            held.merge(seen)
            return
        self._pending[key] = seen
        if len(self._pending) > MAX_PENDING:
            self.flush()

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
                self.peak_hours.add(at, seen.requests.total << (UNIT_BITS - seen.requests.shift))
            for endpoint, total in seen.endpoints.items():
                self.endpoints.add(at, shown_at, seen.service, endpoint, total)


def _day(at: float) -> int:
    """Start of the day that contains `at`."""
    return int(at // DAY_SECONDS) * DAY_SECONDS
