"""Metadata of metrics: type, help and unit."""

from analytics.points import COUNTER, GAUGE, HISTOGRAM
from analytics.query.cells.alerts import ALERTS_SERIES
from analytics.query.cells.presence import AGE_SERIES, STATUS_SERIES, USERS_SERIES
from analytics.state import endpoint_series
from analytics.state.state import State

_OWN = {
    "requests_total": (COUNTER, "Requests of a service", ""),
    "errors_total": (COUNTER, "Failed requests of a service", ""),
    "latency_milliseconds": (HISTOGRAM, "Latency of a service's requests", "milliseconds"),
    endpoint_series.REQUESTS: (COUNTER, "Requests of an endpoint", ""),
    endpoint_series.ERRORS: (COUNTER, "Failed requests of an endpoint", ""),
    endpoint_series.LATENCY_SUM: (COUNTER, "Sum of the latencies of an endpoint's requests", "milliseconds"),
    endpoint_series.LATENCY_COUNT: (COUNTER, "Requests of an endpoint that had a latency", ""),
    "events_total": (COUNTER, "Events of a service by type", ""),
    USERS_SERIES: (GAUGE, "Distinct users of a service in the last five minutes", ""),
    STATUS_SERIES: (GAUGE, "1 for the state that a service is in", ""),
    ALERTS_SERIES: (GAUGE, "1 for each alert that is pending or firing", ""),
    AGE_SERIES: (GAUGE, "Seconds since the newest heartbeat of a service", "seconds"),
}


def metadata(state: State, now: float) -> dict[str, list[dict[str, str]]]:
    """Type, help and unit by name, in the shape of Prometheus' `/api/v1/metadata`."""
    found = {name: [_about(*each)] for name, each in _OWN.items()}
    for name, kind in state.series_store.kinds.items():
        found.setdefault(name, [_about(kind, "", "")])
    return found


def _about(kind: str, text: str, unit: str) -> dict[str, str]:
    return {"type": kind, "help": text, "unit": unit}
