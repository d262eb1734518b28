"""Builds the dashboard's snapshot, in the shape of SPEC.md: a pure function of the state and the time."""

from itertools import islice
from typing import TypedDict

import msgspec

from analytics.clock import rfc3339
from analytics.query.figures import error_rate, number, rounded, traffic
from analytics.query.services import ServiceRow, service_row
from analytics.query.stats import total_requests
from analytics.query.unusual import NO_USUAL, Unusual, Usual
from analytics.records import event_json
from analytics.state.resolution import Resolution
from analytics.state.state import State

RATE_SECONDS = 60
"""Seconds over which current rates and averages are taken."""
TOP_ENDPOINTS = 10
RECENT_EVENTS = 20


class TrafficOverview(TypedDict):
    """Figures over all services, of the last minute unless stated otherwise; `error_rate` in percent."""

    total_requests: float
    active_users: int
    average_latency_ms: float
    mean_latency_ms: float | None
    error_rate: float
    requests_per_second: float


class BusyEndpoint(TypedDict):
    """One of the busiest endpoints of the last minute."""

    endpoint: str
    service: str
    count: float
    avg_time_ms: float
    mean_latency_ms: float | None


class Activity(TypedDict):
    """The current activity; `recent_events` are JSON, newest first."""

    requests_last_1min: float
    errors_last_1min: float
    active_connections: int | msgspec.Raw
    top_endpoints: list[BusyEndpoint]
    recent_events: list[msgspec.Raw]


class Snapshot(TypedDict):
    """The dashboard's snapshot: the answer of `/dashboard`, and the data of live updates."""

    overview: TrafficOverview
    services: dict[str, ServiceRow]
    realtime_stats: Activity
    unusual: dict[str, Unusual]
    usual: Usual
    updated_at: str


def build_snapshot(
    state: State,
    now: float,
    connections: int | msgspec.Raw,
    unusual: dict[str, Unusual] | None = None,
    usual: Usual = NO_USUAL,
) -> Snapshot:
    """The snapshot.

    Args:
        connections: number of live clients, or a placeholder for it.
        unusual: what is unusual about services, by name.
        usual: usual figures of all traffic.
    """
    this_second = int(now)
    last_minute = range(this_second - RATE_SECONDS + 1, this_second + 1)
    requests, errors, latency = traffic(state.series, Resolution.SECOND, last_minute)
    return {
        "overview": {
            "total_requests": total_requests(state),
            "active_users": state.active_users.count,
            "average_latency_ms": round(latency.mean, 3) if latency else 0.0,
            "mean_latency_ms": rounded(latency.mean) if latency else None,
            "error_rate": error_rate(requests, errors),
            "requests_per_second": round(requests / RATE_SECONDS, 3),
        },
        "services": {service.name: service_row(state, now, service) for service in state.services.all()},
        "realtime_stats": {
            "requests_last_1min": requests,
            "errors_last_1min": errors,
            "active_connections": connections,
            "top_endpoints": [
                {
                    "endpoint": endpoint,
                    "service": service,
                    "count": number(usage.requests),
                    "avg_time_ms": round(usage.mean_ms or 0.0, 3),
                    "mean_latency_ms": rounded(usage.mean_ms),
                }
                for (service, endpoint), usage in state.endpoints.busiest(TOP_ENDPOINTS)
            ],
            "recent_events": [
                msgspec.Raw(event_json(event.kept, event.place))
                for event in islice(state.events.newest_first(), RECENT_EVENTS)
            ],
        },
        "unusual": unusual or {},
        "usual": usual,
        "updated_at": rfc3339(now),
    }
