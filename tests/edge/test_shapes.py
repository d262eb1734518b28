"""Fields and types of all answers in the contract, on a server that has records of all kinds."""

from typing import Any

import pytest

from tests.edge.wire import NUMBER, check_shape, is_time, unique
from tests.server import Server

MAYBE_NUMBER = (int, float, type(None))
PERCENT = float


def maybe_time(value: Any) -> bool:
    return value is None or is_time(value)


EVENT = {"type": str, "service": str, "user_id": (str, type(None)), "timestamp": is_time, "data": dict, "id": str}
SERVICE = {
    "name": str,
    "status": str,
    "uptime_hours": NUMBER,
    "request_count": NUMBER,
    "error_count": NUMBER,
    "avg_latency_ms": NUMBER,
    "last_heartbeat": maybe_time,
}
BUCKET = {
    "requests": NUMBER,
    "errors": NUMBER,
    "error_rate": NUMBER,
    "avg_latency_ms": MAYBE_NUMBER,
    "p50_latency_ms": MAYBE_NUMBER,
    "p95_latency_ms": MAYBE_NUMBER,
    "p99_latency_ms": MAYBE_NUMBER,
    "unique_users": int,
    "events": int,
}
OUTCOMES = {"accepted": int, "duplicates": int, "rejected": int}
DASHBOARD = {
    "overview": {
        "total_requests": NUMBER,
        "active_users": int,
        "average_latency_ms": NUMBER,
        "error_rate": NUMBER,
        "requests_per_second": NUMBER,
    },
    "services": dict,
    "realtime_stats": {
        "requests_last_1min": NUMBER,
        "errors_last_1min": NUMBER,
        "active_connections": int,
        "top_endpoints": [{"endpoint": str, "count": NUMBER, "avg_time_ms": NUMBER}],
        "recent_events": [EVENT],
    },
    "updated_at": is_time,
}
JOB = {
    "name": str,
    "state": str,
    "runs": int,
    "failures": int,
    "skipped": int,
    "last_error": (str, type(None)),
    "last_success": maybe_time,
    "lateness_seconds": MAYBE_NUMBER,
}
SHAPES: dict[str, Any] = {
    "/events": {"events": [EVENT], "count": int, "limit": int, "next_cursor": (str, type(None)), "complete": bool},
    "/dashboard": DASHBOARD,
    "/services": {"services": dict, "count": int},
    "/health": {
        "status": str,
        "service": str,
        "timestamp": is_time,
        "stats": {"connected_clients": int, "total_events": int, "tracked_services": int},
        "jobs": [JOB],
    },
    "/health/live": {"status": str},
    "/health/ready": {"status": str, "reasons": list},
    "/stats": {
        "uptime_seconds": NUMBER,
        "started_at": is_time,
        "memory_bytes": int,
        "totals": {"events": int, "requests": NUMBER, "errors": NUMBER, "services": int},
        "ingest": dict.fromkeys(("events", "metrics", "heartbeats", "points"), OUTCOMES),
        "drops": dict,
        "jobs": [JOB],
        "events_by_type": dict,
        "events_by_service": dict,
        "last_24_hours": BUCKET,
        "today": {**BUCKET, "peak_hour": maybe_time, "peak_requests": NUMBER},
        "days": [{"date": str, "peak_hour": maybe_time, "peak_requests": NUMBER, "unique_users": int}],
    },
    "/summary": {
        "from": is_time,
        "to": is_time,
        "step": int,
        "since": is_time,
        "seconds": NUMBER,
        "figures": {"requests": NUMBER, "errors": NUMBER, "unique_users": int, "events": int},
        "points": [{"timestamp": is_time, "requests": NUMBER, "errors": NUMBER, "avg_latency_ms": MAYBE_NUMBER}],
        "services": dict,
        "endpoints": {"from": is_time, "to": is_time, "step": int, "rows": list},
        "metrics": dict,
    },
    "/stats/cardinality": {
        "series": int,
        "limited_series": int,
        "max_series": int,
        "max_series_per_name": int,
        "evicted": int,
        "by_name": [{"name": str, "kind": str, "series": int}],
        "by_label": [{"label": str, "values": int, "series": int}],
        "by_service": [{"service": (str, type(None)), "series": int}],
    },
    "/stats/hourly": {"hours": int, "buckets": [{"hour": is_time, **BUCKET}]},
    "/stats/daily": {
        "days": int,
        "buckets": [{"date": str, **BUCKET, "peak_hour": maybe_time, "peak_requests": NUMBER}],
    },
}
IN_FULL = {
    **SERVICE,
    "service": str,
    "latency": {"count": int, "p50": NUMBER, "p95": NUMBER, "p99": NUMBER, "max": NUMBER},
    "endpoints": [{"endpoint": str, "count": NUMBER, "error_count": NUMBER, "avg_time_ms": NUMBER}],
    "metrics": {
        "memory": {"kind": str, "sum": NUMBER, "last": NUMBER, "avg": NUMBER, "min": NUMBER, "max": NUMBER, "unit": str}
    },
    "series": [{"timestamp": is_time, "requests": NUMBER, "errors": NUMBER, "avg_latency_ms": MAYBE_NUMBER}],
}


@pytest.fixture
def seen(shared_server: Server) -> str:
    """A service with all kinds of records."""
    service = unique("shapes")
    answers = [
        shared_server.post("/events", {"type": "purchase", "service": service, "user_id": "u", "data": {"total": 9.5}}),
        shared_server.post("/events", {"type": "search", "service": service}),
        shared_server.post(
            "/events",
            {"type": "request", "service": service, "data": {"endpoint": "/products", "status": 500, "latency": 12.5}},
        ),
        shared_server.post("/metrics", {"name": "memory", "value": 51, "unit": "MB", "tags": {"service": service}}),
        shared_server.post("/heartbeat", {"service": service, "status": "healthy", "metrics": {"uptime": 1}}),
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201, 200]
    return service


@pytest.mark.parametrize("path", SHAPES)
def test_every_field_exists_with_its_type(shared_server: Server, seen: str, path: str) -> None:
    answer = shared_server.get(path)
    check_shape(answer, SHAPES[path], path)
    for name, row in answer.get("services", {}).items() if path != "/summary" else ():
        check_shape(row, {**SERVICE, "name": lambda value, name=name: value == name}, f"{path}.services[{name!r}]")


def test_one_service_in_full_has_every_field(shared_server: Server, seen: str) -> None:
    answer = shared_server.get(f"/services/{seen}/metrics")
    check_shape(answer, IN_FULL)
    assert (answer["request_count"], answer["error_count"], answer["status"]) == (1, 1, "healthy")
    assert len(answer["series"]) == 60
    assert sum(point["requests"] for point in answer["series"]) == 1


def test_a_series_has_every_field(shared_server: Server, seen: str) -> None:
    answer = shared_server.get(f"/series?name=requests&service={seen}&agg=sum")
    check_shape(answer, {"name": str, "service": str, "agg": str, "step": int, "points": [{"timestamp": is_time}]})
    assert sum(point["value"] for point in answer["points"]) == 1


def test_an_event_has_exactly_the_fields_that_were_sent(shared_server: Server, seen: str) -> None:
    events = shared_server.get(f"/events?service={seen}")["events"]
    assert [event["type"] for event in events] == ["request", "search", "purchase"]
    assert events[2]["data"] == {"total": 9.5}
    assert events[2]["user_id"] == "u"
    assert events[1]["user_id"] is None
    assert events[1]["data"] == {}


def test_health_has_the_name_of_the_service(shared_server: Server) -> None:
    health = shared_server.get("/health")
    assert (health["status"], health["service"]) == ("healthy", "analytics-service")


def test_single_records_are_answered_as_in_the_contract(shared_server: Server) -> None:
    service = unique("answers")
    event = shared_server.post("/events", {"type": "search", "service": service, "id": service})
    check_shape(event.json(), {"message": str, "id": lambda given: given == service, "timestamp": is_time})
    metric = shared_server.post("/metrics", {"name": "queue", "value": 1})
    assert metric.json().items() >= {"message": "metric recorded", "name": "queue"}.items()
    beat = shared_server.post("/heartbeat", {"service": service, "status": "degraded"})
    assert beat.json() == {"message": "heartbeat recorded", "service": service, "status": "degraded"}
    for answer in (event, metric, beat):
        assert answer.headers["Content-Type"] == "application/json"
