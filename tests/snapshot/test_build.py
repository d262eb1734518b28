"""The snapshot in the shape of SPEC.md."""

import pytest

from analytics.snapshot.build import build_snapshot
from tests.state.rig import NOON, Rig, event, metric


def test_the_snapshot_has_the_shape_of_the_specification() -> None:
    rig = Rig(wall=NOON + 15)
    rig.events(
        event("request", "catalogue", user_id="ann", data={"endpoint": "/products", "latency": 20, "status": 200}),
        event("request", "catalogue", user_id="bob", data={"endpoint": "/products", "latency": 40, "status": 500}),
        event("purchase", "checkout", user_id="ann", data={"order_id": "1"}),
    )
    rig.beat("catalogue", uptime=72.5)
    snapshot = rig.snapshot()
    assert snapshot["overview"] == {
        "total_requests": 2,
        "active_users": 2,
        "average_latency_ms": 30.0,
        "mean_latency_ms": 30.0,
        "error_rate": 50.0,
        "requests_per_second": 0.033,
    }
    assert list(snapshot["services"]) == ["catalogue", "checkout"]
    assert snapshot["services"]["catalogue"] == {
        "name": "catalogue",
        "status": "healthy",
        "status_since": "2023-11-14T12:00:15.000Z",
        "uptime_hours": 72.5,
        "request_count": 2,
        "error_count": 1,
        "error_rate": 50.0,
        "avg_latency_ms": 30.0,
        "mean_latency_ms": 30.0,
        "last_heartbeat": "2023-11-14T12:00:15.000Z",
        "heartbeat_interval_seconds": None,
        "message": None,
        "instances": [],
    }
    realtime = snapshot["realtime_stats"]
    assert (realtime["requests_last_1min"], realtime["errors_last_1min"], realtime["active_connections"]) == (2, 1, 0)
    assert realtime["top_endpoints"] == [
        {"endpoint": "/products", "service": "catalogue", "count": 2, "avg_time_ms": 30.0, "mean_latency_ms": 30.0}
    ]
    assert [record["type"] for record in realtime["recent_events"]] == ["purchase", "request", "request"]
    assert snapshot["updated_at"] == "2023-11-14T12:00:15.000Z"


def test_an_empty_service_shows_zeros() -> None:
    snapshot = Rig().snapshot()
    assert snapshot["overview"].pop("mean_latency_ms") is None
    assert set(snapshot["overview"].values()) == {0}
    assert snapshot["services"] == {}
    assert snapshot["realtime_stats"]["top_endpoints"] == snapshot["realtime_stats"]["recent_events"] == []


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (19, 19), (20, 20), (21, 20), (500, 20)])
def test_a_snapshot_has_the_newest_twenty_events(count: int, expected: int) -> None:
    rig = Rig()
    rig.events(*(event("a", id=str(number)) for number in range(count)))
    recent = [record["id"] for record in rig.realtime["recent_events"]]
    assert recent == [str(number) for number in range(count - 1, count - 1 - expected, -1)]


def test_a_snapshot_has_the_ten_busiest_endpoints() -> None:
    rig = Rig()
    for number in range(1, 13):
        rig.metric("requests", number, f"s{number % 3}", tags={"endpoint": f"/{number}"})
    top = rig.realtime["top_endpoints"]
    assert [(row["endpoint"], row["service"], row["count"]) for row in top] == [
        (f"/{number}", f"s{number % 3}", number) for number in range(12, 2, -1)
    ]


def test_equal_endpoints_of_two_services_are_separate() -> None:
    rig = Rig()
    rig.metrics(*(metric("requests", 1, service, tags={"endpoint": "/"}) for service in ("a", "b")))
    assert [row["count"] for row in rig.realtime["top_endpoints"]] == [1, 1]


def test_live_connections_are_counted() -> None:
    rig = Rig()
    assert rig.ask(build_snapshot, 7)["realtime_stats"]["active_connections"] == 7
