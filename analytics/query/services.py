"""Services: a row for each, and the history of one."""

from collections.abc import Iterator
from typing import TypedDict

from analytics.clock import rfc3339
from analytics.errors import NotFound
from analytics.query.figures import error_rate, number, rounded, total
from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.counter_sources import CounterSource, Figure
from analytics.state.senders import UNNAMED
from analytics.state.services import BY_SPANS, FORGOTTEN_AFTER, Service
from analytics.state.state import State


class InstanceRow(TypedDict):
    """An instance of a service; counts are None if its heartbeats have none."""

    instance: str
    status: str
    status_since: str
    last_heartbeat: str
    message: str | None
    request_count: float | None
    error_count: float | None


class ServiceRow(TypedDict):
    """A service; `error_rate` in percent, None for what was never reported."""

    name: str
    status: str
    status_since: str
    message: str | None
    uptime_hours: float
    request_count: float
    error_count: float
    error_rate: float
    avg_latency_ms: float
    mean_latency_ms: float | None
    last_heartbeat: str | None
    heartbeat_interval_seconds: float | None
    instances: list[InstanceRow]


StateChange = TypedDict("StateChange", {"from": str | None, "to": str, "at": str, "reason": str})


class HistoryAnswer(TypedDict):
    """The answer of `/services/NAME/history`: changes of state, newest first, and the limit asked for."""

    service: str
    history: list[StateChange]
    count: int
    limit: int


class ListedService(ServiceRow):
    """A service in the list of all, with its 95th percentile of latency."""

    p95_latency_ms: float | None


class ServicesAnswer(TypedDict):
    """The answer of `/services`: rows by name."""

    services: dict[str, ListedService]
    count: int


def service_row(state: State, now: float, service: Service) -> ServiceRow:
    """One service over all kept time: the fields of SPEC.md, and more."""
    totals = state.series.totals
    requests, errors = (
        total(totals.get((name, service.name, NO_TAGS))) + before
        for name, before in zip(("requests", "errors"), service.baseline, strict=True)
    )
    latency = totals.get(("latency", service.name, NO_TAGS))
    if service.direct & {"latency", BY_SPANS} or service.reported.latency is None:
        average = latency.mean if latency else None
    else:
        average = service.reported.latency
    status, since = service.health(now)
    newest = service.newest
    return {
        "name": service.name,
        "status": status,
        "status_since": rfc3339(since),
        "message": newest.message if newest else None,
        "uptime_hours": round(service.uptime_hours(now), 4),
        "request_count": number(requests),
        "error_count": number(errors),
        "error_rate": error_rate(requests, errors),
        "avg_latency_ms": round(average or 0.0, 3),
        "mean_latency_ms": rounded(average),
        "last_heartbeat": rfc3339(newest.last) if newest else None,
        "heartbeat_interval_seconds": rounded(newest.usual_interval if newest else None),
        "instances": list(_instances(service, now)),
    }


def _instances(service: Service, now: float) -> Iterator[InstanceRow]:
    """The instances of a service; without names, the sources found in unnamed heartbeats, if several."""
    shown = [sender for sender in service.senders.values() if now - sender.gone_at <= FORGOTTEN_AFTER]
    for sender in sorted(shown, key=lambda sender: sender.name):
        sources = [source for source in sender.counters.sources if not source.has_ended]
        if sender.name == UNNAMED and len(service.senders) == 1 and len(sources) < 2:
            return
        named: list[CounterSource | None] = [*sources] or [None]
        for source in named:
            name = sender.name or ("unnamed" if source is None or len(sources) == 1 else f"unnamed {source.number}")
            yield {
                "instance": name,
                "status": sender.state(now),
                "status_since": rfc3339(sender.state_since(now)),
                "last_heartbeat": rfc3339(sender.last),
                "message": sender.message,
                "request_count": _count(source.value.requests) if source else None,
                "error_count": _count(source.value.errors) if source else None,
            }


def _count(value: Figure | None) -> Figure | None:
    return None if value is None else number(value)


def history(state: State, now: float, name: str, limit: int) -> HistoryAnswer:
    """The newest `limit` changes of a service's state, newest first.

    Raises:
        NotFound: the service is not known.
    """
    changes = known_service(state, name).changes(now)
    before = [None, *(change.to for change in changes)]
    rows: list[StateChange] = [
        {"from": old, "to": change.to, "at": rfc3339(change.at), "reason": change.reason}
        for old, change in zip(before, changes, strict=False)
        if change.at >= state.oldest
    ]
    newest = rows[: -limit - 1 : -1]
    return {"service": name, "history": newest, "count": len(newest), "limit": limit}


def known_service(state: State, name: str) -> Service:
    """The service of this name.

    Raises:
        NotFound: it is not known.
    """
    service = state.services.get(name)
    if service is None:
        raise NotFound(f"There is no service named {name!r}.", code="unknown_service")
    return service


def services(state: State, now: float) -> ServicesAnswer:
    """The rows of all services by name, with p95 latency, which is too expensive for the snapshot of each second."""
    rows: dict[str, ListedService] = {
        service.name: {
            **service_row(state, now, service),
            "p95_latency_ms": _p95(state.series.totals.get(("latency", service.name, NO_TAGS))),
        }
        for service in state.services.all()
    }
    return {"services": rows, "count": len(rows)}


def _p95(latency: Cell | None) -> float | None:
    return None if latency is None else rounded(latency.percentiles(0.95)[0])
