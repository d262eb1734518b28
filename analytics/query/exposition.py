"""Prometheus exposition: the service's own metrics and the collected ones, as metric families."""

from collections.abc import Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.registry import Collector

from analytics.query.figures import total
from analytics.query.services import service_row
from analytics.query.stats import count, resident_bytes
from analytics.records import NO_TAGS
from analytics.state.observations import EVENT_TYPE, EVENTS, EVERY_SERVICE, TRAFFIC
from analytics.state.state import State

Family = CounterMetricFamily | GaugeMetricFamily | SummaryMetricFamily
STATES = ("healthy", "degraded", "unhealthy", "maintenance", "stale", "down", "unknown")


def exposition(state: State, now: float, connections: int) -> bytes:
    """All families in the text format of prometheus_client."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families([*_own(state, now, connections), *_services(state, now), *_collected(state)]))
    return generate_latest(registry)


class _Families(Collector):
    """Families that were built in advance."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _own(state: State, now: float, connections: int) -> Iterator[Family]:
    for name, text, value in (
        ("uptime_seconds", "Seconds since the service started", now - state.started),
        ("memory_bytes", "Resident memory of the service", resident_bytes()),
        ("connected_clients", "Live dashboard connections", connections),
        ("tracked_services", "Services known", len(state.services)),
        ("active_users", "Distinct users of the last five minutes", state.active_users.count),
    ):
        yield GaugeMetricFamily(f"analytics_{name}", text, value)
    ingest = CounterMetricFamily(
        "analytics_ingest_items", "Items received, by kind and outcome", labels=["kind", "outcome"]
    )
    for kind, outcomes in state.counters.outcomes.items():
        for outcome, items in outcomes.items():
            ingest.add_metric([kind, outcome], items)
    yield ingest
    drops = CounterMetricFamily("analytics_drops", "Items dropped, by reason", labels=["reason"])
    for reason, items in state.counters.drops.items():
        drops.add_metric([reason], items)
    yield drops


def _services(state: State, now: float) -> Iterator[Family]:
    requests = GaugeMetricFamily("analytics_service_requests", "Requests over the retained time", labels=["service"])
    errors = GaugeMetricFamily("analytics_service_errors", "Errors over the retained time", labels=["service"])
    status = GaugeMetricFamily("analytics_service_status", "1 for the current state", labels=["service", "status"])
    latency = SummaryMetricFamily("analytics_service_latency_ms", "Latency over the retained time", labels=["service"])
    for service in state.services.all():
        row = service_row(state, now, service)
        requests.add_metric([service.name], row["request_count"])
        errors.add_metric([service.name], row["error_count"])
        for known in STATES:
            status.add_metric([service.name, known], float(row["status"] == known))
        cell = state.series.totals.get(("latency", service.name, NO_TAGS))
        if cell is not None:
            latency.add_metric([service.name], cell.count, cell.sum)
            for share, value in zip(("0.5", "0.95", "0.99"), cell.percentiles(0.5, 0.95, 0.99), strict=True):
                if value is not None:
                    latency.add_sample(latency.name, {"service": service.name, "quantile": share}, value)
    yield from (requests, errors, status, latency)
    events = GaugeMetricFamily("analytics_events", "Events over the retained time, by type", labels=["service", "type"])
    for (name, service_name, tags), cell in state.series.totals.items():
        if name == EVENTS and service_name != EVERY_SERVICE and tags and tags[0][0] == EVENT_TYPE:
            events.add_metric([service_name, tags[0][1]], count(cell))
    yield events


def _collected(state: State) -> Iterator[Family]:
    """Custom metrics as last sent. Their names are labels, so any name is allowed and none collides."""
    last = GaugeMetricFamily(
        "analytics_metric_last", "Custom metric, latest value", labels=["name", "service", "unit", "tags"]
    )
    sums = GaugeMetricFamily("analytics_metric_sum", "Custom metric, sum", labels=["name", "service", "unit", "tags"])
    counts = GaugeMetricFamily(
        "analytics_metric_count", "Custom metric, observations", labels=["name", "service", "unit", "tags"]
    )
    for (name, service, tags), cell in state.series.totals.items():
        if name in (*TRAFFIC, EVENTS):
            continue
        labels = [
            name,
            service,
            state.units.get((name, service)) or "",
            msgspec.json.encode(dict(tags)).decode() if tags else "",
        ]
        last.add_metric(labels, cell.last)
        sums.add_metric(labels, total(cell))
        counts.add_metric(labels, cell.count)
    yield from (last, sums, counts)
