"""Heartbeat counters: cumulative, counted from the first one, and not in addition to direct observation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.log.refusal import Refused
from analytics.state.registry import Registry
from tests.state.rig import DAY, HOUR, MIDNIGHT, NOON, Rig


def test_the_first_heartbeat_counts_in_the_totals_and_in_no_bucket() -> None:
    rig = Rig()
    rig.beat(request_count=1_000, error_count=5, avg_latency=23.5, uptime=72.5)
    row = rig.row()
    assert (row["request_count"], row["error_count"], row["avg_latency_ms"]) == (1_000, 5, 23.5)
    assert (row["error_rate"], row["uptime_hours"]) == (0.5, 72.5)
    assert rig.overview["total_requests"] == 1_000
    assert rig.realtime["requests_last_1min"] == rig.realtime["errors_last_1min"] == 0
    assert sum(bucket["requests"] for bucket in rig.hours()) == 0


def test_increases_of_counters_count_in_the_series_at_their_time() -> None:
    rig = Rig()
    rig.beat(request_count=1_000, error_count=5, avg_latency=20)
    rig.clock.advance(60)
    rig.beat(request_count=1_090, error_count=8, avg_latency=30)
    assert rig.realtime["requests_last_1min"] == 90
    assert rig.realtime["errors_last_1min"] == 3
    assert rig.overview["requests_per_second"] == 1.5
    assert rig.overview["average_latency_ms"] == 30
    assert rig.row()["request_count"] == rig.overview["total_requests"] == 1_090
    assert rig.row()["error_count"] == 8
    rig.clock.advance(60)
    assert rig.realtime["requests_last_1min"] == 0
    (hour,) = [bucket for bucket in rig.hours() if bucket["requests"]]
    assert (hour["hour"], hour["requests"], hour["errors"]) == ("2023-11-14T12:00:00Z", 90, 3)
    assert hour["avg_latency_ms"] == 30
    assert hour["p99_latency_ms"] is None, "a mean has no percentiles"


@pytest.mark.parametrize(
    ("counters", "rise"),
    [
        ([100, 100], 0),
        ([100, 130, 180], 80),
        ([100, 30, 35, 40], 40),
        ([100, 130, 0, 20], 50),
        ([0, 5], 5),
        ([100, None, 130], 30),
        ([None, 100, 130], 30),
    ],
)
def test_a_counter_that_fell_counts_from_zero_and_a_missing_one_changes_nothing(
    counters: list[int | None], rise: int
) -> None:
    rig = Rig()
    for counter in counters:
        if counter is None:
            rig.beat()
        else:
            rig.beat(request_count=counter)
        rig.clock.advance(5)
    first = next(counter for counter in counters if counter is not None)
    assert rig.realtime["requests_last_1min"] == rise
    assert rig.row()["request_count"] == first + rise


@pytest.mark.parametrize("direct_first", [True, False])
def test_requests_that_were_observed_directly_are_not_counted_twice(direct_first: bool) -> None:
    rig = Rig()
    before = (0, 0) if direct_first else (500, 9)
    if direct_first:
        rig.event(data={"latency": 7})
        rig.beat(request_count=500, error_count=9, avg_latency=99)
    else:
        rig.beat(request_count=500, error_count=9, avg_latency=99)
        rig.event(data={"latency": 7})
    rig.clock.advance(10)
    rig.beat(request_count=600, error_count=19, avg_latency=99)
    row = rig.row()
    assert (row["request_count"] - before[0], row["error_count"] - before[1], row["avg_latency_ms"]) == (1, 0, 7)
    assert rig.realtime["requests_last_1min"] == 1
    assert rig.realtime["errors_last_1min"] == 0
    assert rig.overview["total_requests"] == 1 + before[0]


def test_errors_observed_directly_do_not_affect_the_request_counter() -> None:
    rig = Rig()
    rig.beat(request_count=100, error_count=50)
    rig.event("error")
    rig.beat(request_count=150, error_count=80)
    assert (rig.row()["request_count"], rig.row()["error_count"]) == (150, 51)


def test_latency_observed_directly_replaces_the_reported_one() -> None:
    rig = Rig()
    rig.beat(request_count=100, avg_latency=50)
    rig.metric("latency", 10)
    assert rig.row()["avg_latency_ms"] == 10
    assert rig.row()["request_count"] == 100


def test_events_other_than_requests_do_not_affect_heartbeat_counters() -> None:
    rig = Rig()
    rig.beat(request_count=100)
    rig.event("purchase")
    rig.metric("memory", 5)
    rig.beat(request_count=140)
    assert rig.row()["request_count"] == 140


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 1_000), st.sampled_from([0, 1, 30, 60, HOUR, DAY])),
        min_size=1,
        max_size=30,
    )
)
def test_totals_and_buckets_add_up_to_the_counters(beats: list[tuple[int, int, int]]) -> None:
    rig = Rig(wall=MIDNIGHT - 90)
    counters: dict[str, int] = {}
    expected = rises = 0
    for number, value, pause in beats:
        service = f"service-{number}"
        if service not in counters:
            expected += value
        else:
            rise = value - counters[service] if value >= counters[service] else value
            expected += rise
            rises += rise
        counters[service] = value
        rig.beat(service, instance="one", request_count=value)
        rig.clock.advance(pause)
    snapshot = rig.snapshot()
    assert snapshot["overview"]["total_requests"] == expected
    assert sum(row["request_count"] for row in snapshot["services"].values()) == expected
    assert sum(bucket["requests"] for bucket in rig.days()) == rises


def test_uptime_is_reported_or_else_the_time_since_it_was_first_seen() -> None:
    rig = Rig()
    rig.event("page_view")
    rig.clock.advance(1_800)
    assert rig.row()["uptime_hours"] == 0.5
    rig.beat(uptime=72.25)
    assert rig.row()["uptime_hours"] == 72.25


def test_other_metrics_of_a_heartbeat_are_returned_unchanged() -> None:
    rig = Rig()
    rig.beat(request_count=1, queue={"depth": 4}, version="1.2")
    assert rig.service()["reported"] == {"request_count": 1, "queue": {"depth": 4}, "version": "1.2"}


def test_a_heartbeat_without_room_for_its_service_is_refused_and_counted() -> None:
    rig = Rig(max_services=1)
    rig.beat("a")
    with pytest.raises(Refused) as refused:
        rig.beat("b", request_count=5)
    assert (refused.value.code, refused.value.field) == ("too_many_services", "service")
    stats = rig.stats()
    assert stats["ingest"]["heartbeats"] == {"accepted": 1, "duplicates": 0, "rejected": 1}
    assert stats["drops"] == {"too_many_services": 1}
    assert rig.overview["total_requests"] == 0


def test_huge_counters_do_not_break_the_dashboard() -> None:
    rig = Rig()
    for service in ("a", "b"):
        rig.beat(service, request_count=1e99, error_count=1e99, avg_latency=1e100)
        rig.beat(service, request_count=1e100, error_count=1e100, avg_latency=1e100)
    assert rig.snapshot()["services"].keys() == {"a", "b"}
    assert rig.stats()["totals"]["services"] == 2


def test_services_are_known_in_the_order_of_their_names_up_to_the_limit() -> None:
    registry = Registry(2)
    assert registry.admit("b", NOON) is registry.admit("b", NOON + 1)
    assert registry.has_room(["a", "b", "a"])
    assert not registry.has_room(["a", "c", "b"])
    registry.admit("a", NOON)
    assert registry.has_room(["a", "b"])
    assert not registry.has_room(["c"])
    assert [service.name for service in registry.all()] == ["a", "b"]
    assert (len(registry), registry.get("c")) == (2, None)


@pytest.mark.parametrize(("days", "kept"), [(89, 1), (90, 1), (91, 0)])
def test_a_silent_service_is_forgotten_after_the_retention(days: int, kept: int) -> None:
    rig = Rig(wall=NOON)
    rig.beat("old", request_count=5)
    rig.clock.set(MIDNIGHT + days * DAY - (1 if days == 90 else 0))
    assert len(rig.snapshot()["services"]) == kept
    assert rig.overview["total_requests"] == 5 * kept
