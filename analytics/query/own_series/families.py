"""Own metrics that follow from the state."""

from collections.abc import Iterable

from analytics.own_metrics.family import Family, by_label, gauge
from analytics.query.stats import resident_bytes
from analytics.state.state import State

CHANGES_SECONDS = 15 * 60
CHANGES_ABOUT = "Changes of a service's state in the last 15 minutes, where there were several"


def state_families(state: State, now: float, connections: int) -> Iterable[Family]:
    """The metrics of the service itself that the state has; `connections` is the number of live connections."""
    items: dict[tuple[str, ...], float] = {
        (kind, outcome): number
        for kind, outcomes in state.counters.outcomes.items()
        for outcome, number in outcomes.items()
    }
    drops: dict[tuple[str, ...], float] = {(reason,): number for reason, number in state.counters.drops.items()}
    return [
        gauge("uptime_seconds", "Seconds since the service started", now - state.started),
        gauge("memory_bytes", "Resident memory of the service", resident_bytes()),
        gauge("connected_clients", "Live dashboard connections", connections),
        gauge("tracked_services", "Services known", len(state.services)),
        gauge("active_users", "Distinct users of the last five minutes", state.active_users.count),
        Family("ingest_items", "counter", "Items received, by kind and outcome", items, ("kind", "outcome")),
        by_label("service_status_changes", "gauge", CHANGES_ABOUT, "service", _changes(state, now)),
        Family("drops", "counter", "Items dropped, by reason", drops, ("reason",)),
    ]


def _changes(state: State, now: float) -> dict[str, float]:
    found = {}
    for service in state.services.all():
        count = sum(1 for change in service.changes(now) if change.at > now - CHANGES_SECONDS)
        if count > 1:
            found[service.name] = float(count)
    return found
