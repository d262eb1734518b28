"""Series of endpoints in PromQL: exact counts over any range, from the first moment on, until they are replaced."""

import pytest

from analytics.kinds import EVENTS
from analytics.records import NewEvent
from tests.query.cells.rig import QueryRig, row
from tests.state.rig import DAY, HOUR, NOON, batch, event


def request(endpoint: str = "/a", service: str = "shop", **fields: float) -> NewEvent:
    at = fields.pop("at", None)
    return event("request", service, at=at, data={"endpoint": endpoint, "status": 200, "latency": 10, **fields})


@pytest.mark.parametrize("age", [0, 10, 90, 2 * HOUR, 3 * DAY])
def test_an_endpoint_has_what_it_counted_at_every_resolution(age: float) -> None:
    rig = QueryRig()
    rig.recorder.record_batch(EVENTS, batch(request(latency=5), request(latency=30, status=500), request("/b")))
    if age:
        rig.wait(age)
    end = rig.clock.wall() + 1
    window = f"[{age + 2 + (DAY if age >= DAY else 0)}s]"
    for name, value in {
        "endpoint_requests_total": 2,
        "endpoint_errors_total": 1,
        "endpoint_latency_milliseconds_sum": 35,
        "endpoint_latency_milliseconds_count": 2,
    }.items():
        selector = f'{name}{{endpoint="/a"}}'
        assert rig.values(f"increase({selector}{window})", end) == {row(endpoint="/a", service="shop"): value}
        assert rig.value(selector, end) == value


def test_the_present_second_is_counted_with_those_before() -> None:
    rig = QueryRig()
    for requests in (1, 2, 3):
        rig.recorder.record_batch(EVENTS, batch(*[request()] * requests))
        rig.clock.advance(0.6)
    assert rig.value("sum(increase(endpoint_requests_total[1m]))", rig.clock.wall()) == 6
    assert rig.value("endpoint_requests_total", rig.clock.wall()) == 6


def test_late_requests_count_at_their_time() -> None:
    rig = QueryRig()
    rig.recorder.record_batch(EVENTS, batch(request(), request(at=NOON - 2 * HOUR)))
    rig.wait(5)
    assert rig.value("increase(endpoint_requests_total[1h])") == 1
    assert rig.value("increase(endpoint_requests_total[1h] offset 2h)", NOON + 60) == 1
    assert rig.value("endpoint_requests_total") == 2


def test_a_replaced_endpoint_has_no_series_and_returns_from_zero() -> None:
    rig = QueryRig(max_service_endpoints=1)
    for endpoint in ("/a", "/b", "/b", "/a", "/a", "/a"):
        rig.recorder.record_batch(EVENTS, batch(request(endpoint)))
        rig.wait(1)
    assert rig.values("endpoint_requests_total") == {
        row(__name__="endpoint_requests_total", endpoint="/a", service="shop"): 3
    }


def test_series_end_with_their_last_day() -> None:
    rig = QueryRig(daily_days=7)
    rig.recorder.record_batch(EVENTS, batch(request()))
    rig.wait(8 * DAY)
    assert rig.values("endpoint_requests_total") == {}
    assert len(rig.state.endpoint_series.store) == 0
