"""Rows and details of services."""

import pytest

from analytics.errors import NotFound
from analytics.query.services import services
from tests.state.rig import HOUR, MINUTE, NOON, Rig, event, metric


def test_a_service_has_row_latency_endpoints_and_the_last_hour() -> None:
    rig = Rig(wall=NOON + 30)
    rig.events(
        *(event(data={"endpoint": "/a", "latency": latency, "status": 200}) for latency in range(1, 101)),
        event("error", data={"endpoint": "/b"}),
    )
    service = rig.service()
    assert {key: service[key] for key in rig.row()} == rig.row()
    assert service["service"] == service["name"] == "shop"
    assert service["latency"] == {
        "count": 100,
        "avg": 50.5,
        "p50": pytest.approx(50, rel=0.006),
        "p95": pytest.approx(95, rel=0.006),
        "p99": pytest.approx(99, rel=0.006),
        "max": 100,
        "unit": "ms",
    }
    assert [(row["endpoint"], row["count"], row["error_count"], row["error_rate"]) for row in service["endpoints"]] == [
        ("/a", 100, 0, 0),
        ("/b", 0, 1, 100),
    ]
    assert len(service["series"]) == 60
    assert (service["series"][0]["timestamp"], service["series"][-1]["timestamp"]) == (
        "2023-11-14T11:01:00Z",
        "2023-11-14T12:00:00Z",
    )
    assert (service["series"][-1]["requests"], service["series"][-1]["errors"]) == (100, 1)
    assert service["series"][-1]["avg_latency_ms"] == 50.5


@pytest.mark.parametrize(("age", "count"), [(0, 1), (59 * MINUTE + 30, 1), (59 * MINUTE + 31, 0), (2 * HOUR, 0)])
def test_the_series_of_a_service_covers_an_hour(age: float, count: int) -> None:
    rig = Rig(wall=NOON + 30)
    rig.event(at=NOON + 30 - age)
    assert sum(point["requests"] for point in rig.service()["series"]) == count
    assert rig.service()["request_count"] == 1


def test_data_of_one_service_is_not_in_another() -> None:
    rig = Rig()
    rig.events(event(data={"endpoint": "/a", "latency": 5}), event(service="cart"))
    rig.metric("queue", 5, "cart")
    service = rig.service("cart")
    assert (service["request_count"], service["latency"]["count"], service["latency"]["max"]) == (1, 0, None)
    assert service["endpoints"] == []
    assert list(service["metrics"]) == ["queue"]
    assert rig.service("shop")["metrics"] == {}


def test_an_unknown_service_is_not_found() -> None:
    with pytest.raises(NotFound) as missing:
        Rig().service("nowhere")
    assert (missing.value.status, missing.value.code) == (404, "unknown_service")


def test_all_services_are_listed_by_name() -> None:
    rig = Rig()
    rig.metrics(*(metric("memory", 1, service) for service in ("b", "a", "c")))
    answer = rig.ask(services)
    assert (list(answer["services"]), answer["count"]) == (["a", "b", "c"], 3)
    assert answer["services"]["a"] == {**rig.row("a"), "p95_latency_ms": None}


def test_the_list_has_the_95th_percentile_of_each() -> None:
    rig = Rig()
    rig.events(*(event(data={"latency": latency}) for latency in range(1, 101)), event(service="b"))
    rows = rig.ask(services)["services"]
    assert rows["shop"]["p95_latency_ms"] == rig.service()["latency"]["p95"] == pytest.approx(95, rel=0.006)
    assert rows["b"]["p95_latency_ms"] is None
