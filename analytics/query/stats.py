"""Statistics: hourly and daily buckets, and counts of the service itself."""

import os
import resource
from collections.abc import Sequence
from datetime import UTC, datetime
from math import fsum
from typing import Any, TypedDict

from analytics.clock import rfc3339, rfc3339_second
from analytics.jobs.report import JobReport
from analytics.query.figures import error_rate, latency_figures, number, total, traffic
from analytics.query.sinks import SinkReport
from analytics.query.storage import StorageReport, StorageWithOldest
from analytics.records import NO_TAGS
from analytics.state.observations import EVENT_TYPE, EVENTS_SERIES, EVERY_SERVICE
from analytics.state.resolution import Resolution
from analytics.state.rings import Ring
from analytics.state.state import State

MEMORY_PAGE = os.sysconf("SC_PAGE_SIZE")


class PeriodFigures(TypedDict):
    """Traffic of one or several buckets; `error_rate` in percent."""

    requests: float
    errors: float
    error_rate: float
    avg_latency_ms: float | None
    p50_latency_ms: float | None
    p95_latency_ms: float | None
    p99_latency_ms: float | None
    unique_users: int
    events: int


class HourRow(PeriodFigures):
    """An hour; `hour` is its start."""

    hour: str


class DayRow(PeriodFigures):
    """A day; `peak_hour` is the start of its busiest hour, None without requests."""

    date: str
    peak_hour: str | None
    peak_requests: float


class PeakRow(TypedDict):
    """A day with data, and the start of its busiest hour."""

    date: str
    peak_hour: str | None
    peak_requests: float
    unique_users: int


class TotalCounts(TypedDict):
    """Totals of the retention period, and the number of stored items."""

    events: int
    requests: float
    errors: float
    services: int
    series: int
    limited_series: int
    endpoints: int
    events_kept: int
    metrics_kept: int


class StatsAnswer(TypedDict):
    """The answer of `/stats`: statistics since the start of the process, and of the retention period."""

    uptime_seconds: float
    started_at: str
    memory_bytes: int
    totals: TotalCounts
    ingest: dict[str, dict[str, int]]
    drops: dict[str, int]
    refusals: dict[str, int]
    redacted: dict[str, int]
    storage: StorageWithOldest
    sinks: Sequence[SinkReport]
    jobs: Sequence[JobReport]
    events_by_type: dict[str, int]
    events_by_service: dict[str, int]
    last_24_hours: PeriodFigures
    today: DayRow
    days: list[PeakRow]


class Hours(TypedDict):
    """The answer of `/stats/hourly`; `hours` is the number asked for."""

    hours: int
    buckets: list[HourRow]


class Days(TypedDict):
    """The answer of `/stats/daily`; `days` is the number asked for."""

    days: int
    buckets: list[DayRow]


def hourly(state: State, now: float, hours: int) -> Hours:
    """The newest `hours` hours that are kept, oldest first; the last one is still open."""
    buckets: list[HourRow] = [
        {"hour": rfc3339_second(start), **_figures(state, Resolution.HOUR, [start])}
        for start in _newest(state, now, Resolution.HOUR, hours)
    ]
    return {"hours": hours, "buckets": buckets}


def daily(state: State, now: float, days: int) -> Days:
    """The newest `days` days (UTC) that are kept, oldest first, with their peak hours; the last one is still open."""
    return {"days": days, "buckets": [_day(state, start) for start in _newest(state, now, Resolution.DAY, days)]}


def _newest(state: State, now: float, resolution: Resolution, count: int) -> range:
    """Starts of the newest `count` buckets that are kept, oldest first, the open one included."""
    level, oldest = state.series.levels[resolution], state.series.oldest_at(resolution, now)
    newest = level.start(max(now, state.time))  # the clock may be behind the newest record
    return range(max(newest - (count - 1) * level.size, oldest), newest + 1, level.size)


def stats(
    state: State, now: float, storage: StorageReport, jobs: Sequence[JobReport], sinks: Sequence[SinkReport] = ()
) -> StatsAnswer:
    """Numbers of records recorded, rejected and kept since the start.

    `storage` describes where, `sinks` where else it is written to, `jobs` what runs by itself.
    """
    totals = state.series.totals
    last_day = list(_newest(state, now, Resolution.HOUR, 24))
    counts = {"type": {}, "service": {}}  # type: dict[str, dict[str, int]]
    for (name, service, tags), cell in totals.items():
        if name == EVENTS_SERIES and service == EVERY_SERVICE and tags and tags[0][0] == EVENT_TYPE:
            counts["type"][tags[0][1]] = cell.count
        elif name == EVENTS_SERIES and service != EVERY_SERVICE and not tags:
            counts["service"][service] = cell.count
    days = [
        _day(state, start) for start in _newest(state, now, Resolution.DAY, state.series.levels[Resolution.DAY].keep)
    ]
    return {
        "uptime_seconds": round(now - state.started, 3),
        "started_at": rfc3339(state.started),
        "memory_bytes": resident_bytes(),
        "totals": {
            "events": count(totals.get((EVENTS_SERIES, EVERY_SERVICE, NO_TAGS))),
            "requests": total_requests(state),
            "errors": total_errors(state),
            "services": len(state.services),
            "series": len(totals) + len(state.series_store),
            "limited_series": len(state.limits),
            "endpoints": len(state.endpoints),
            "events_kept": _kept(state.rings["events"]),
            "metrics_kept": _kept(state.rings["metrics"]),
        },
        "ingest": {kind: dict(outcomes) for kind, outcomes in state.counters.outcomes.items()},
        "drops": dict(sorted(state.counters.drops.items())),
        "refusals": dict(sorted(state.counters.refusals.items())),
        "redacted": dict(sorted(state.counters.redacted.items())),
        "storage": {**storage, "oldest": _oldest(state, now)},
        "sinks": sinks,
        "jobs": jobs,
        "events_by_type": _heaviest_first(counts["type"]),
        "events_by_service": _heaviest_first(counts["service"]),
        "last_24_hours": _figures(state, Resolution.HOUR, last_day),
        "today": days[-1],
        "days": [
            {
                "date": day["date"],
                "peak_hour": day["peak_hour"],
                "peak_requests": day["peak_requests"],
                "unique_users": day["unique_users"],
            }
            for day in days
            if day["requests"] or day["events"] or day["errors"]
        ],
    }


def _kept(ring: Ring[Any]) -> int:
    """How many records of a ring can be read."""
    return len(ring) - ring.erased


def _oldest(state: State, now: float) -> dict[str, str | None]:
    """Time of the oldest record held, and of the oldest bucket with data at each resolution."""
    oldest = {name: ring.oldest for name, ring in state.rings.items()}
    found = {**oldest, **{f"{level.name.lower()}s": state.series.first(level, now) for level in Resolution}}
    return {name: None if at is None else rfc3339(at) for name, at in found.items()}


def count(cell: Any) -> int:
    """Number of observations of a cell; 0 without one."""
    return 0 if cell is None else int(cell.count)


def total_requests(state: State) -> float:
    """Requests of all services over all kept time, as in their rows."""
    return _total(state, "requests", 0)


def total_errors(state: State) -> float:
    """Errors of all services over all kept time, as in their rows."""
    return _total(state, "errors", 1)


def _total(state: State, name: str, index: int) -> float:
    totals = state.series.totals
    return number(
        fsum(
            total(totals.get((name, service.name, NO_TAGS))) + service.baseline[index]
            for service in state.services.all()
        )
    )


def resident_bytes() -> int:
    """Resident memory of this process in bytes: current on Linux, elsewhere the maximum so far."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * MEMORY_PAGE
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _figures(state: State, level: int, starts: list[int]) -> PeriodFigures:
    requests, errors, latency = traffic(state.series, level, starts)
    users = state.users.merged(level - 1, starts, [EVERY_SERVICE])
    return {
        "requests": requests,
        "errors": errors,
        "error_rate": error_rate(requests, errors),
        **latency_figures(latency),
        "unique_users": users.users.estimate if users else 0,
        "events": count(state.series.merged(level, starts, [(EVENTS_SERIES, EVERY_SERVICE, NO_TAGS)])),
    }


def _day(state: State, start: int) -> DayRow:
    peak = state.peak_hours.peak(start)
    return {
        "date": datetime.fromtimestamp(start, UTC).date().isoformat(),
        **_figures(state, Resolution.DAY, [start]),
        "peak_hour": rfc3339_second(peak[0]) if peak else None,
        "peak_requests": number(peak[1]) if peak else 0,
    }


def _heaviest_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
