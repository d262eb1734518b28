"""Details of one service: latency, endpoints, custom metrics, and the last hour by minute."""

from typing import Any, TypedDict

from analytics.clock import rfc3339_second
from analytics.query.custom_metrics import MetricSummary, custom_metrics
from analytics.query.figures import LatencyFigures, error_rate, latency_figures, number, rounded, traffic
from analytics.query.services import ServiceRow, known_service, service_row
from analytics.records import NO_TAGS
from analytics.state.cells import Cell
from analytics.state.resolution import Resolution
from analytics.state.state import State


class EndpointRow(TypedDict):
    """An endpoint of a service; `uncounted_at_most` is the most that its count may be too low by."""

    endpoint: str
    count: float
    error_count: float
    error_rate: float
    avg_time_ms: float
    mean_latency_ms: float | None
    uncounted_at_most: float


class ServiceLatency(TypedDict):
    """Latency of a service over all kept time, in `unit`; None without latencies."""

    count: int
    avg: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    unit: str


class MinuteRow(LatencyFigures):
    """Traffic of a service in a minute; `timestamp` is its start."""

    timestamp: str
    requests: float
    errors: float


class ServiceAnswer(ServiceRow):
    """The answer of `/services/NAME/metrics`; `reported` has the metrics of its newest heartbeat, as it sent them."""

    service: str
    latency: ServiceLatency
    endpoints: list[EndpointRow]
    metrics: dict[str, MetricSummary]
    reported: dict[str, Any]
    series: list[MinuteRow]


def service_metrics(state: State, now: float, name: str) -> ServiceAnswer:
    """Details of one service: row, latency, endpoints, custom metrics, and the last hour by minute.

    Raises:
        NotFound: the service is not known.
    """
    service = known_service(state, name)
    latency = state.series.totals.get(("latency", name, NO_TAGS))
    return {
        "service": name,
        **service_row(state, now, service),
        "latency": _latency(latency),
        "endpoints": _endpoints(state, name),
        "metrics": custom_metrics(state, name),
        "reported": service.reported_metrics,
        "series": _last_hour(state, now, name),
    }


def _latency(latency: Cell | None) -> ServiceLatency:
    figures = latency_figures(latency)
    return {
        "count": latency.count if latency else 0,
        "avg": figures["avg_latency_ms"],
        "p50": figures["p50_latency_ms"],
        "p95": figures["p95_latency_ms"],
        "p99": figures["p99_latency_ms"],
        "max": rounded(latency.max) if latency else None,
        "unit": "ms",
    }


def _endpoints(state: State, name: str) -> list[EndpointRow]:
    return [
        {
            "endpoint": endpoint,
            "count": number(usage.requests),
            "error_count": number(usage.errors),
            "error_rate": error_rate(usage.requests, usage.errors),
            "avg_time_ms": round(usage.mean_ms or 0.0, 3),
            "mean_latency_ms": rounded(usage.mean_ms),
            "uncounted_at_most": number(missed),
        }
        for endpoint, usage, missed in state.endpoints.of_service(name)
    ]


def _last_hour(state: State, now: float, name: str) -> list[MinuteRow]:
    series = state.series
    points: list[MinuteRow] = []
    newest = series.levels[Resolution.MINUTE].start(max(now, state.time))
    for start in range(newest - 59 * 60, newest + 60, 60):
        requests, errors, latency = traffic(series, Resolution.MINUTE, [start], name)
        points.append(
            {
                "timestamp": rfc3339_second(start),
                "requests": requests,
                "errors": errors,
                **latency_figures(latency),
            }
        )
    return points
