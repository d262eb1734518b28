"""Content of the status page: components, their days, and incidents."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from analytics.alerts.incidents.answers import incident_state, services_of, title
from analytics.clock import DAY_SECONDS, rfc3339, rfc3339_second
from analytics.state.services import Service
from analytics.state.state import State

OPERATIONAL, DEGRADED, OUTAGE, MAINTENANCE, UNKNOWN = "operational", "degraded", "outage", "maintenance", "unknown"
LEVEL_OF = {
    "healthy": OPERATIONAL,
    "degraded": DEGRADED,
    "stale": DEGRADED,
    "unhealthy": OUTAGE,
    "down": OUTAGE,
    "maintenance": MAINTENANCE,
    "unknown": UNKNOWN,
}
WORST_LEVELS = (OUTAGE, DEGRADED, MAINTENANCE, OPERATIONAL, UNKNOWN)
SHOWN_SECONDS = 60.0
"""How long something has to last to colour a day."""
MOST_SHOWN = 50
COLLECTION_OF_PAGE = "status_page"


class ComponentDay(TypedDict):
    """A day (UTC) of a component: the worst level that lasted a minute, else the longest, and how long it was down."""

    day: str
    level: str
    down_seconds: float


class ComponentRow(TypedDict):
    """A component; `uptime_percent` is None where nothing is known."""

    name: str
    level: str
    uptime_percent: float | None
    days: list[ComponentDay]


class ShownIncident(TypedDict):
    """An incident, without what its alerts say."""

    id: str
    title: str
    state: str
    components: list[str]
    started_at: str
    resolved_at: str | None


class StatusPage(TypedDict):
    """All that the page shows."""

    title: str
    level: str
    timestamp: str
    components: list[ComponentRow]
    incidents: list[ShownIncident]


class _Span(NamedTuple):
    """A time with one level, in seconds since the epoch."""

    start: float
    end: float
    level: str


def page_settings(state: State, now: float) -> Mapping[str, Any] | None:
    """The configuration of the page; None while there is no page."""
    found = sorted(state.catalog.named(COLLECTION_OF_PAGE), key=lambda resource: resource.name)
    return found[0].body if found else None


def status_page(state: State, now: float, settings: Mapping[str, Any]) -> StatusPage:
    """The page as of now."""
    given = settings.get("components") or [{"name": each, "services": [each]} for each in _names(state)]
    days = settings.get("days", 90)
    rows = [_component(state, now, each["name"], each["services"], days) for each in given]
    by_service: dict[str, list[str]] = {}
    for each in given:
        for service in each["services"]:
            by_service.setdefault(service, []).append(each["name"])
    return {
        "title": settings.get("title", "Status"),
        "level": _worst([row["level"] for row in rows]),
        "timestamp": rfc3339(now),
        "components": rows,
        "incidents": list(_incidents(state, now, by_service, days)),
    }


def _names(state: State) -> list[str]:
    return sorted(service.name for service in state.services.all())[:100]


def _incidents(state: State, now: float, by_service: Mapping[str, list[str]], days: int) -> Iterator[ShownIncident]:
    """The newest incidents of these services."""
    count = 0
    for incident in reversed(list(state.incidents)):
        names = sorted({name for service in services_of(incident) for name in by_service.get(service, ())})
        is_old = incident.resolved is not None and incident.resolved < now - days * DAY_SECONDS
        if names and not is_old and count < MOST_SHOWN:
            count += 1
            yield {
                "id": incident.id,
                "title": title(incident),
                "state": incident_state(incident, now),
                "components": names,
                "started_at": rfc3339(incident.started),
                "resolved_at": None if incident.resolved is None else rfc3339(incident.resolved),
            }


def _component(state: State, now: float, name: str, services: Sequence[str], days: int) -> ComponentRow:
    found = [service for each in services if (service := state.services.get(each)) is not None]
    spans = [_spans(service, now) for service in found]
    today = int(now // DAY_SECONDS)
    first = max(today - days + 1, int(state.oldest // DAY_SECONDS))
    rows = [_day(number, spans, now) for number in range(first, today + 1)]
    known = sum(row.known for row in rows)
    down = sum(row.down for row in rows)
    return {
        "name": name,
        "level": _worst([LEVEL_OF.get(service.health(now)[0], UNKNOWN) for service in found]),
        "uptime_percent": round(100 * (1 - down / known), 3) if known else None,
        "days": [{"day": row.day, "level": row.level, "down_seconds": round(row.down, 1)} for row in rows],
    }


def _spans(service: Service, now: float) -> list[_Span]:
    """The levels of a service since its first heartbeat."""
    changes = service.changes(now)
    ends = [*(change.at for change in changes), now][1:]
    return [_Span(change.at, end, LEVEL_OF.get(change.to, UNKNOWN)) for change, end in zip(changes, ends, strict=True)]


class _Day(NamedTuple):
    """A day of a component; `known` and `down` are in seconds, of the service with the most of them."""

    day: str
    level: str
    known: float
    down: float


def _day(number: int, services: Sequence[Sequence[_Span]], now: float) -> _Day:
    start = number * DAY_SECONDS
    end = min(start + DAY_SECONDS, now)
    lasted: dict[str, float] = {}
    known = 0.0
    for spans in services:
        of_one: dict[str, float] = {}
        for span in spans:
            seconds = min(span.end, end) - max(span.start, start)
            if seconds > 0:
                of_one[span.level] = of_one.get(span.level, 0.0) + seconds
        known = max(known, sum(seconds for level, seconds in of_one.items() if level != UNKNOWN))
        for level, seconds in of_one.items():
            lasted[level] = max(lasted.get(level, 0.0), seconds)
    shown = [level for level, seconds in lasted.items() if seconds >= SHOWN_SECONDS]
    if not shown and lasted:
        shown = [max(lasted, key=lasted.__getitem__)]
    return _Day(rfc3339_second(start)[:10], _worst(shown), known, lasted.get(OUTAGE, 0.0))


def _worst(levels: Sequence[str]) -> str:
    return min(levels, key=WORST_LEVELS.index, default=UNKNOWN)
