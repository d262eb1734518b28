"""Prometheus exposition: the service's own metrics and the collected ones, in the text format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from analytics.own_metrics.family import Family, Histograms
from analytics.query.figures import total
from analytics.query.reader import Steps
from analytics.query.services import service_row
from analytics.query.stats import count, resident_bytes
from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.delta import SeriesKey
from analytics.state.observations import EVENT_TYPE, EVENTS_SERIES, EVERY_SERVICE, TRAFFIC
from analytics.state.services import Service
from analytics.state.state import State

T = TypeVar("T")
METRIC_PREFIX = "analytics_"
SLICE = 200
"""Number of services or series that are written between two yields: some milliseconds."""
STATES = ("healthy", "degraded", "unhealthy", "maintenance", "stale", "down", "unknown")


def exposition(state: State, now: float, connections: int) -> Steps[bytes]:
    """The metrics that the state has: totals of the service, and what was collected."""
    text = [_text(metric) for metric in _own(state, now, connections)]
    text.append((yield from _in_slices(partial(_services, state, now), list(state.services.all()))))
    text.append((yield from _in_slices(_events, [*state.series.totals.items()])))
    text.append((yield from _in_slices(partial(_collected, state), [*state.series.totals.items()])))
    return b"".join(text)


def own_exposition(families: Iterable[Family | Histograms]) -> bytes:
    """The metrics that other parts of the service report about themselves."""
    return b"".join(_text(_histograms(each) if isinstance(each, Histograms) else _metric(each)) for each in families)


def _metric(family: Family) -> Metric:
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(METRIC_PREFIX + family.name, family.about, labels=family.labels)
    for labels, value in family.values.items():
        metric.add_metric(labels, value)
    return metric


def _histograms(family: Histograms) -> Metric:
    metric = HistogramMetricFamily(METRIC_PREFIX + family.name, family.about, labels=family.labels)
    for labels, histogram in family.values.items():
        metric.add_metric(labels, histogram.buckets(), histogram.sum)
    return metric


def _in_slices(make: Callable[[Sequence[T]], Iterable[Metric]], items: Sequence[T]) -> Steps[bytes]:
    """The text of the metrics that `make` makes of all items, made of `SLICE` items at a time."""
    parts: dict[str, list[bytes]] = {}
    for first in range(0, max(1, len(items)), SLICE):
        for metric in make(items[first : first + SLICE]):
            text = _text(metric)
            parts.setdefault(metric.name, []).append(text.split(b"\n", 2)[2] if first else text)
        yield
    return b"".join(chain.from_iterable(parts.values()))


def _text(metric: Metric) -> bytes:
    """The text of one metric; its first two lines are the help and the type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics([metric]))
    return generate_latest(registry)


class _Metrics(Collector):
    """Metrics that were built in advance."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _own(state: State, now: float, connections: int) -> Iterator[Metric]:
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


def _services(state: State, now: float, services: Iterable[Service]) -> Iterator[Metric]:
    requests = GaugeMetricFamily("analytics_service_requests", "Requests over the retained time", labels=["service"])
    errors = GaugeMetricFamily("analytics_service_errors", "Errors over the retained time", labels=["service"])
    status = GaugeMetricFamily("analytics_service_status", "1 for the current state", labels=["service", "status"])
    latency = SummaryMetricFamily("analytics_service_latency_ms", "Latency over the retained time", labels=["service"])
    for service in services:
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


def _events(totals: Iterable[tuple[SeriesKey, Cell]]) -> Iterator[Metric]:
    events = GaugeMetricFamily("analytics_events", "Events over the retained time, by type", labels=["service", "type"])
    for (name, service_name, tags), cell in totals:
        if name == EVENTS_SERIES and service_name != EVERY_SERVICE and tags and tags[0][0] == EVENT_TYPE:
            events.add_metric([service_name, tags[0][1]], count(cell))
    yield events


def _collected(state: State, totals: Iterable[tuple[SeriesKey, Cell]]) -> Iterator[Metric]:
    """Custom metrics as last sent. Their names are labels, so any name is allowed and none collides."""
    names = ["name", "service", "unit", "tags"]
    last = GaugeMetricFamily("analytics_metric_last", "Custom metric, latest value", labels=names)
    sums = SummaryMetricFamily("analytics_metric", "Custom metric, sum and number of observations", labels=names)
    for (name, service, tags), cell in totals:
        if name in (*TRAFFIC, EVENTS_SERIES):
            continue
        labels = [
            name,
            service,
            state.units.get((name, service)) or "",
            msgspec.json.encode(dict(tags)).decode() if tags else "",
        ]
        last.add_metric(labels, cell.last)
        sums.add_metric(labels, cell.count, total(cell))
    yield from (last, sums)
