"""Health of the service itself."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from analytics.clock import rfc3339
from analytics.jobs.report import JobReport, reason
from analytics.query.stats import count
from analytics.query.storage import StorageReport, long_term_troubles
from analytics.records import NO_TAGS, SERVICE_NAME
from analytics.state.observations import EVENTS_SERIES, EVERY_SERVICE
from analytics.state.state import State


class HealthCounts(TypedDict):
    """Counts in the answer of `/health`."""

    connected_clients: int
    total_events: int
    tracked_services: int


class HealthAnswer(TypedDict):
    """The answer of `/health`, without what `api/` adds; `reasons` say why the service is not healthy."""

    status: Literal["healthy", "degraded", "unhealthy"]
    service: str
    timestamp: str
    reasons: list[str]
    uptime_seconds: float
    storage: str
    durability: str | None
    jobs: Sequence[JobReport]
    stats: HealthCounts


def health(
    state: State,
    now: float,
    connections: int,
    not_ready: Sequence[str],
    storage: StorageReport,
    jobs: Sequence[JobReport],
    config_trouble: str | None,
    sink_troubles: Sequence[str] = (),
) -> HealthAnswer:
    """The answer of `/health`, in the shape of SPEC.md.

    Args:
        not_ready: why the service should get no work; then it is unhealthy.
        storage: where records are kept; `trouble` says why none can be recorded, if none can. Then it is degraded.
        jobs: reports of all jobs; it is degraded while one is down.
        config_trouble: which configuration files have errors, if any have; then it is degraded.
        sink_troubles: why other databases do not get everything; then it is degraded.
    """
    found = (
        storage["trouble"],
        *long_term_troubles(storage["long_term"]),
        *map(reason, jobs),
        config_trouble,
        *sink_troubles,
    )
    troubles = [trouble for trouble in found if trouble is not None]
    return {
        "status": "unhealthy" if not_ready else "degraded" if troubles else "healthy",
        "service": SERVICE_NAME,
        "timestamp": rfc3339(now),
        "reasons": list(dict.fromkeys([*not_ready, *troubles])),
        "uptime_seconds": round(now - state.started, 3),
        "storage": storage["kind"],
        "durability": storage["durability"],
        "jobs": jobs,
        "stats": {
            "connected_clients": connections,
            "total_events": count(state.series.totals.get((EVENTS_SERIES, EVERY_SERVICE, NO_TAGS))),
            "tracked_services": len(state.services),
        },
    }
