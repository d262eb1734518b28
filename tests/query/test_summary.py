"""Summaries of ranges: all parts are of the same buckets, and agree with the series."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import ValidationFailed
from analytics.query.series import SeriesQuery, points
from analytics.query.summary import SummaryQuery, summary
from tests.state.rig import DAY, HOUR, MIDNIGHT, MINUTE, NOON, Rig, event


def ask(rig: Rig, **asked: Any) -> dict[str, Any]:
    return rig.ask_in_steps(summary, SummaryQuery(**asked))


def request(service: str = "shop", at: float = NOON, **data: Any) -> Any:
    fields = {"user_id": data.pop("user")} if "user" in data else {}
    return event("request", service, at=at, data={"endpoint": "/", "status": 200, "latency": 10, **data}, **fields)


@pytest.mark.parametrize(
    ("ago", "length", "step"),
    [
        (60, 60, 5),
        (3 * MINUTE, 3 * MINUTE, 60),
        (HOUR, HOUR, 60),
        (3 * HOUR - MINUTE, HOUR, 60),
        (4 * HOUR, HOUR, 3600),
        (DAY, DAY, 3600),
        (6 * DAY, 60, 3600),
        (8 * DAY, HOUR, 86_400),
        (90 * DAY, 90 * DAY, 86_400),
    ],
)
def test_buckets_are_the_finest_that_are_kept_since_the_start(ago: int, length: int, step: int) -> None:
    found = ask(Rig(), start=NOON - ago, end=NOON - ago + length)
    assert found["step"] == step
    assert len(found["points"]) <= 400


def test_a_wanted_step_is_the_shortest_and_may_begin_a_bucket_early() -> None:
    rig = Rig()
    assert ask(rig, start=NOON - 60, end=NOON, step=60)["step"] == 60
    late = ask(rig, start=NOON - 180 * MINUTE, end=NOON, step=60)
    assert (late["step"], late["from"]) == (60, "2023-11-14T09:01:00Z")
    assert ask(rig, start=NOON - 180 * MINUTE, end=NOON)["step"] == 3600


def test_a_range_is_rounded_outwards_to_whole_buckets() -> None:
    rig = Rig()
    rig.events(request(at=NOON - 5 * HOUR + 60), request(at=NOON - 4 * HOUR - 60), request(at=NOON - 4 * HOUR))
    found = ask(rig, start=NOON - 5 * HOUR + 600, end=NOON - 4 * HOUR - 600)
    assert (found["from"], found["to"]) == ("2023-11-14T07:00:00Z", "2023-11-14T08:00:00Z")
    assert found["figures"]["requests"] == 2


def test_a_range_before_all_that_is_kept_is_empty() -> None:
    found = ask(Rig(), start=NOON - 200 * DAY, end=NOON - 100 * DAY)
    assert found["points"] == []
    assert found["figures"]["requests"] == 0
    assert found["figures"]["requests_per_second"] is None
    assert found["endpoints"]["rows"] == []


@pytest.mark.parametrize(("start", "end"), [(NOON, NOON), (NOON, NOON - 1), (NOON + 2 * DAY, NOON + 3 * DAY)])
def test_an_empty_range_is_refused(start: float, end: float) -> None:
    with pytest.raises(ValidationFailed) as refused:
        ask(Rig(), start=start, end=end)
    assert refused.value.fields == {"from": ["Must be before `to`, and not in the future."]}


def test_figures_of_a_range_and_of_one_service() -> None:
    rig = Rig()
    rig.events(
        *(request(at=NOON - 1800, user=f"u{number}", latency=10) for number in range(8)),
        request(at=NOON - 1200, user="u1", latency=90, status=500),
        request("cart", at=NOON - 600, user="c", latency=50),
    )
    found = ask(rig, start=NOON - HOUR, end=NOON)
    assert found["figures"] == {
        "requests": 10,
        "errors": 1,
        "error_rate": 10,
        "requests_per_second": pytest.approx(10 / 1800, abs=1e-6),
        "avg_latency_ms": 22,
        "p50_latency_ms": pytest.approx(10, rel=0.01),
        "p95_latency_ms": pytest.approx(90, rel=0.01),
        "p99_latency_ms": pytest.approx(90, rel=0.01),
        "max_latency_ms": 90,
        "unique_users": 9,
        "events": 10,
    }
    assert found["services"]["cart"] == {
        "requests": 1,
        "errors": 0,
        "error_rate": 0,
        "mean_latency_ms": 50,
        "p95_latency_ms": pytest.approx(50, rel=0.01),
        "requests_by_bucket": [1 if index == 50 else 0 for index in range(60)],
        "errors_by_bucket": [0] * 60,
    }
    alone = ask(rig, start=NOON - HOUR, end=NOON, service="cart")
    assert alone["figures"]["requests"] == 1
    assert alone["figures"]["unique_users"] == 1
    assert list(alone["services"]) == ["cart"]
    assert [row["service"] for row in alone["endpoints"]["rows"]] == ["cart"]


def test_averages_begin_at_the_first_data_of_all() -> None:
    rig = Rig()
    rig.events(*(request(at=NOON - 600) for _ in range(60)))
    found = ask(rig, start=NOON - HOUR, end=NOON)
    assert (found["since"], found["seconds"]) == ("2023-11-14T11:50:00Z", 600)
    assert found["figures"]["requests_per_second"] == 0.1
    for at in (NOON - 2 * HOUR, NOON - 30 * HOUR, NOON - 40 * DAY):
        rig = Rig()
        rig.events(*(request(at=NOON - 600) for _ in range(60)), request(at=at))
        assert ask(rig, start=NOON - HOUR, end=NOON)["seconds"] == HOUR


def test_the_last_seconds_have_users_and_endpoints_of_those_seconds() -> None:
    rig = Rig()
    rig.events(request(at=NOON - 50, user="a"), request(at=NOON - 90, user="b"), request(at=NOON - 2 * HOUR))
    found = ask(rig, start=NOON - 60, end=NOON, step=5)
    assert found["figures"]["unique_users"] == 1
    assert [point["unique_users"] for point in found["points"]] == [0, 0, 1, *[0] * 9]
    assert found["endpoints"]["step"] == 5
    assert [row["requests"] for row in found["endpoints"]["rows"]] == [1]


def used(rig: Rig, start: float, end: float) -> dict[str, float]:
    rows = ask(rig, start=start, end=end, endpoints=10)["endpoints"]["rows"]
    return {row["endpoint"]: row["requests"] for row in rows}


def test_endpoints_are_counted_in_the_same_buckets_as_everything_else() -> None:
    rig = Rig()
    ages = {"/second": 20, "/minute": 50 * MINUTE, "/hour": 30 * HOUR, "/day": 40 * DAY}
    rig.events(*(request(at=NOON - age, endpoint=endpoint) for endpoint, age in ages.items()))
    for _ in ("pending", "counted"):
        for endpoint, age in ages.items():
            assert used(rig, NOON - age, NOON - age + 1) == {endpoint: 1}
        assert used(rig, NOON - 60 * DAY, NOON) == dict.fromkeys(ages, 1)
        found = ask(rig, start=NOON - HOUR, end=NOON)
        assert [found["endpoints"][name] for name in ("from", "to", "step")] == [found["from"], found["to"], MINUTE]
        rig.clock.advance(2)
        rig.events(event("view"))
    assert not rig.state.endpoints.pending


def test_endpoints_before_those_of_a_newer_version_are_those_of_whole_days() -> None:
    rig = Rig()
    rig.state.endpoint_series.since = NOON
    rig.events(
        request(at=NOON - 20, endpoint="/a", status=500, latency=30),
        request(at=MIDNIGHT + 5, endpoint="/a", latency=10),
        request(at=MIDNIGHT - 5, endpoint="/b"),
        request(at=MIDNIGHT - 2 * DAY, endpoint="/c"),
    )
    today = ask(rig, start=NOON - HOUR, end=NOON)["endpoints"]
    assert (today["from"], today["to"], today["step"]) == ("2023-11-14T00:00:00Z", "2023-11-15T00:00:00Z", DAY)
    assert today["rows"] == [
        {
            "service": "shop",
            "endpoint": "/a",
            "requests": 2,
            "errors": 1,
            "error_rate": 50,
            "mean_latency_ms": 20,
        }
    ]
    two_days = ask(rig, start=NOON - DAY, end=NOON, endpoints=1)["endpoints"]["rows"]
    assert [(row["endpoint"], row["requests"]) for row in two_days] == [("/a", 2)]


def test_custom_metrics_are_those_of_the_range() -> None:
    rig = Rig()
    for minutes, value in ((90, 500), (30, 10), (29, 20), (1, 40)):
        rig.metric("queue", value, at=NOON - minutes * MINUTE, unit="jobs")
    found = ask(rig, start=NOON - 31 * MINUTE, end=NOON - 20 * MINUTE, service="shop")["metrics"]["queue"]
    assert found == {
        "last": 20,
        "avg": 15,
        "min": 10,
        "max": 20,
        "count": 2,
        "unit": "jobs",
        "averages": [None, 10, 20, *[None] * 8],
    }
    nothing = ask(rig, start=NOON - 10 * MINUTE, end=NOON - 5 * MINUTE, service="shop")["metrics"]["queue"]
    assert (nothing["count"], nothing["last"], nothing["avg"]) == (0, None, None)
    assert ask(rig, start=NOON - HOUR, end=NOON)["metrics"] == {}


@settings(max_examples=25)
@given(
    ago=st.lists(st.integers(0, 8 * DAY), min_size=1, max_size=30),
    start=st.integers(61, 8 * DAY),
    length=st.integers(60, 8 * DAY),
    passed=st.lists(st.integers(0, 4000), max_size=3),
)
def test_all_parts_of_a_summary_agree(ago: list[int], start: int, length: int, passed: list[int]) -> None:
    rig = Rig()
    rig.events(*(request(("shop", "cart")[each % 2], at=NOON - each, latency=each % 97) for each in ago))
    for seconds in passed:
        rig.clock.advance(seconds)
        rig.recorder.tick()
        rig.events(request(at=NOON))
    found = ask(rig, start=NOON - start, end=NOON - start + length)
    requests = sum(point["requests"] for point in found["points"])
    assert found["figures"]["requests"] == requests
    assert sum(row["requests"] for row in found["services"].values()) == requests
    for index, point in enumerate(found["points"]):
        rows = found["services"].values()
        assert sum(row["requests_by_bucket"][index] for row in rows) == point["requests"]
    starts = [point["timestamp"] for point in found["points"]]
    end = NOON - start + length
    series = rig.ask_in_steps(
        points, SeriesQuery("requests", agg="sum", start=NOON - start, end=end, step=found["step"])
    )
    assert [(at, point["requests"]) for at, point in zip(starts, found["points"], strict=True)] == [
        (point["timestamp"], point["value"]) for point in series["points"]
    ]
