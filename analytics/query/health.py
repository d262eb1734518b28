"""How the service itself is."""

from typing import Any

from analytics.clock import rfc3339
from analytics.query.stats import count
from analytics.records import NO_TAGS, SERVICE_NAME
from analytics.state.observations import EVENTS, EVERY_SERVICE
from analytics.state.state import State


def health(state: State, now: float, connections: int, reasons: list[str]) -> dict[str, Any]:
    """In the shape of SPEC.md; `reasons` say why it is not ready, if it is not."""
    return {
        "status": "unhealthy" if reasons else "healthy",
        "service": SERVICE_NAME,
        "timestamp": rfc3339(now),
        "reasons": reasons,
        "uptime_seconds": round(now - state.started, 3),
        "storage": "memory",
        "stats": {
            "connected_clients": connections,
            "total_events": count(state.series.totals.get((EVENTS, EVERY_SERVICE, NO_TAGS))),
            "tracked_services": len(state.services),
        },
    }
