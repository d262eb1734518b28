"""Health of the service itself."""

from collections.abc import Mapping
from typing import Any

from analytics.clock import rfc3339
from analytics.query.stats import count
from analytics.records import NO_TAGS, SERVICE_NAME
from analytics.state.observations import EVENTS, EVERY_SERVICE
from analytics.state.state import State


def health(
    state: State, now: float, connections: int, reasons: list[str], storage: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer of `/health`, in the shape of SPEC.md.

    Args:
        reasons: why the service is not ready; empty if it is.
        storage: where records are kept; `trouble` says why none can be recorded, if none can.
    """
    trouble = storage["trouble"]
    return {
        "status": "unhealthy" if reasons else "degraded" if trouble else "healthy",
        "service": SERVICE_NAME,
        "timestamp": rfc3339(now),
        "reasons": reasons if trouble is None else [*reasons, trouble],
        "uptime_seconds": round(now - state.started, 3),
        "storage": storage["kind"],
        "durability": storage["durability"],
        "stats": {
            "connected_clients": connections,
            "total_events": count(state.series.totals.get((EVENTS, EVERY_SERVICE, NO_TAGS))),
            "tracked_services": len(state.services),
        },
    }
