"""What counts as a request, an error, a latency or an endpoint, from every kind of record."""

from typing import Any

import pytest

from analytics.kinds import METRICS
from tests.state.rig import Rig, event, metric

HUGE = 10**400
NESTED: dict[str, Any] = {"a": [1]}


def figures(rig: Rig) -> tuple[float, float, int]:
    """Requests, errors and number of latencies of the only service."""
    service = rig.service()
    return service["request_count"], service["error_count"], service["latency"]["count"]


@pytest.mark.parametrize(
    ("type_", "data", "expected"),
    [
        ("request", {}, (1, 0, 0)),
        ("request", {"status": 200}, (1, 0, 0)),
        ("request", {"status": 404}, (1, 0, 0)),
        ("request", {"status": 499}, (1, 0, 0)),
        ("request", {"status": 500}, (1, 1, 0)),
        ("request", {"status": 503}, (1, 1, 0)),
        ("request", {"status": 599, "latency": 12}, (1, 1, 1)),
        ("request", {"status": "503"}, (1, 1, 0)),
        ("request", {"status": " 500 "}, (1, 1, 0)),
        ("request", {"status": "499"}, (1, 0, 0)),
        ("request", {"status": "200", "latency": "12"}, (1, 0, 1)),
        ("request", {"latency_ms": "0.125"}, (1, 0, 1)),
        ("request", {"latency": 12.5}, (1, 0, 1)),
        ("request", {"latency": 0}, (1, 0, 1)),
        ("request", {"latency_ms": 12}, (1, 0, 1)),
        ("request", {"latency": 5, "latency_ms": 7}, (1, 0, 1)),
        ("request", {"latency": None, "latency_ms": 7}, (1, 0, 1)),
        ("error", {}, (0, 1, 0)),
        ("error", {"status": 503, "latency": 12}, (0, 1, 0)),
        ("purchase", {"status": 503, "latency": 12, "endpoint": "/a"}, (0, 0, 0)),
        ("Request", {"status": 503}, (0, 0, 0)),
        ("requests", {"status": 503}, (0, 0, 0)),
    ],
)
def test_events_count_by_their_type_and_data(type_: str, data: dict[str, Any], expected: tuple[int, int, int]) -> None:
    rig = Rig()
    rig.event(type_, data=data)
    assert figures(rig) == expected


@pytest.mark.parametrize(
    "status", ["abc", "5xx", "-503", "5e2", "٥٠٣", "503 " * 9, True, None, [503], {"code": 503}, "", -503]
)
def test_a_status_that_is_not_a_number_is_not_an_error(status: Any) -> None:
    rig = Rig()
    rig.event(data={"status": status})
    assert figures(rig) == (1, 0, 0)


@pytest.mark.parametrize(
    "latency",
    ["12 ms", "-1", "1e2", "9" * 400, True, False, -1, -0.001, [12], NESTED, "NaN", "Infinity", HUGE, 1.1e100, -HUGE],
)
@pytest.mark.parametrize("field", ["latency", "latency_ms"])
def test_an_invalid_latency_is_ignored(latency: Any, field: str) -> None:
    rig = Rig()
    rig.event(data={field: latency, "endpoint": "/a"})
    assert figures(rig) == (1, 0, 0)
    assert rig.service()["endpoints"][0]["avg_time_ms"] == 0
    assert rig.overview["average_latency_ms"] == 0


@pytest.mark.parametrize("endpoint", [5, True, None, "", ["/a"], NESTED])
def test_an_endpoint_that_is_not_text_is_ignored(endpoint: Any) -> None:
    rig = Rig()
    rig.event(data={"endpoint": endpoint, "status": 500})
    assert figures(rig) == (1, 1, 0)
    assert rig.service()["endpoints"] == []


@pytest.mark.parametrize("status", [HUGE, 2**70])
def test_a_status_out_of_range_is_harmless(status: int) -> None:
    rig = Rig()
    rig.event(data={"status": status})
    assert figures(rig)[0] == 1
    assert rig.overview["total_requests"] == 1


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("requests", 5, (5, 0, 0)),
        ("requests", 0, (0, 0, 0)),
        ("requests", 2.5, (2.5, 0, 0)),
        ("errors", 3, (0, 3, 0)),
        ("latency", 45.2, (0, 0, 1)),
        ("latency", 0, (0, 0, 1)),
        ("memory", 100, (0, 0, 0)),
        ("Requests", 100, (0, 0, 0)),
    ],
)
def test_metrics_count_by_their_name(name: str, value: float, expected: tuple[float, float, int]) -> None:
    rig = Rig()
    rig.metric(name, value)
    assert figures(rig) == expected


@pytest.mark.parametrize("tags", [{}, {"endpoint": "/a"}, {"endpoint": "/a", "region": "eu"}])
def test_tags_do_not_change_the_counts_of_traffic(tags: dict[str, str]) -> None:
    rig = Rig()
    for name, value in (("requests", 4), ("errors", 2), ("latency", 30)):
        rig.metric(name, value, tags=tags)
    assert figures(rig) == (4, 2, 1)
    assert rig.overview["total_requests"] == 4
    assert rig.overview["error_rate"] == 50
    assert rig.overview["average_latency_ms"] == 30


def test_all_sources_add_up() -> None:
    rig = Rig()
    rig.events(event(data={"status": 500, "latency": 10}), event(data={"latency_ms": 20}), event("error"))
    rig.metrics(metric("requests", 8), metric("errors", 3), metric("latency", 60))
    assert figures(rig) == (10, 5, 3)
    assert rig.row()["error_rate"] == 50
    assert rig.row()["avg_latency_ms"] == 30
    assert rig.service()["latency"]["max"] == 60


@pytest.mark.parametrize(("service", "named"), [(None, "unknown"), ("", "unknown"), ("cart", "cart")])
def test_a_metric_belongs_to_the_service_in_its_tags(service: str | None, named: str) -> None:
    rig = Rig()
    rig.metric("memory", 5, service)
    assert list(rig.snapshot()["services"]) == [named]
    assert rig.service(named)["metrics"]["memory"]["last"] == 5


def test_custom_metrics_have_last_average_minimum_maximum_and_unit() -> None:
    rig = Rig()
    rig.metric("memory", 10, unit="MB")
    rig.clock.advance(1)
    rig.metric("memory", -5, unit="MB", tags={"host": "a"})
    rig.clock.advance(1)
    rig.metric("memory", 4)
    assert rig.service()["metrics"] == {
        "memory": {
            "kind": "gauge",
            "last": 4,
            "avg": 3,
            "min": -5,
            "max": 10,
            "sum": 9,
            "count": 3,
            "unit": "MB",
            "last_at": "2023-11-14T12:00:02.000Z",
        }
    }


@pytest.mark.parametrize("late_first", [True, False])
def test_last_is_the_value_of_the_latest_time_in_any_order_of_arrival(late_first: bool) -> None:
    items = [metric("memory", 1, at=1_699_963_190.25), metric("memory", 2, at=1_699_963_190.75)]
    together, apart = Rig(), Rig()
    together.metrics(*(items[::-1] if late_first else items))
    for item in items[::-1] if late_first else items:
        apart.recorder.record(METRICS, item)
        apart.snapshot()
    assert together.service()["metrics"]["memory"]["last"] == 2
    assert apart.service()["metrics"]["memory"]["last"] == 2


@pytest.mark.parametrize("name", ["requests", "errors", "latency", "memory"])
def test_huge_values_do_not_break_any_read(name: str) -> None:
    rig = Rig()
    for _ in range(3):
        rig.metric(name, 1e100, tags={"endpoint": "/a"})
    rig.event(data={"latency": 1e100, "endpoint": "/a"})
    assert rig.snapshot()["services"]["shop"]["name"] == "shop"
    assert rig.service()["name"] == "shop"
    assert rig.stats()["totals"]["services"] == 1
    rig.clock.advance(61)
    rig.event(data={"latency": 5, "endpoint": "/a"})
    assert rig.realtime["top_endpoints"][0]["avg_time_ms"] == 5


def test_the_last_of_a_batch_is_the_last_of_a_metric() -> None:
    rig = Rig()
    rig.metrics(metric("memory", 312), metric("memory", 300))
    assert rig.service()["metrics"]["memory"]["last"] == 300


@pytest.mark.parametrize("status", [503, 503.0, 500.5])
def test_any_status_of_500_or_more_is_an_error(status: float) -> None:
    rig = Rig()
    rig.event(data={"status": status})
    assert rig.row()["error_count"] == 1
