"""Time: windows, buckets, late and future records, and the limits of retention."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import ValidationFailed
from analytics.log.refusal import Refused
from analytics.query import series
from analytics.snapshot.build import build_snapshot
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket
from tests.state.rig import DAY, HOUR, MIDNIGHT, MINUTE, NOON, Rig, event


def nonzero(buckets: list[dict[str, Any]], key: str) -> dict[str, float]:
    return {bucket[key]: bucket["requests"] for bucket in buckets if bucket["requests"]}


@pytest.mark.parametrize(("silence", "counted"), [(0, 1), (1, 1), (59, 1), (59.999, 1), (60, 0), (61, 0), (DAY, 0)])
def test_current_figures_cover_the_last_sixty_seconds(silence: float, counted: int) -> None:
    rig = Rig()
    rig.event(data={"status": 500, "latency": 30})
    rig.clock.advance(silence)
    overview, realtime = rig.overview, rig.realtime
    assert realtime["requests_last_1min"] == realtime["errors_last_1min"] == counted
    assert overview["requests_per_second"] == round(counted / 60, 3)
    assert overview["error_rate"] == 100 * counted
    assert overview["average_latency_ms"] == 30 * counted
    assert overview["total_requests"] == 1


@pytest.mark.parametrize(
    ("requests", "errors", "rate"),
    [(4, 1, 25.0), (3, 1, 33.333), (1, 0, 0.0), (0, 0, 0.0), (0, 2, 100.0), (1, 5, 100.0)],
)
def test_the_error_rate_is_a_percentage(requests: int, errors: int, rate: float) -> None:
    rig = Rig()
    rig.metric("requests", requests)
    rig.metric("errors", errors)
    assert rig.overview["error_rate"] == rig.row()["error_rate"] == rate


@pytest.mark.parametrize(
    ("ahead", "taken"), [(0, True), (1, True), (299.999, True), (300, True), (300.001, False), (DAY, False)]
)
def test_a_clock_may_be_five_minutes_ahead(ahead: float, taken: bool) -> None:
    rig = Rig()
    if taken:
        rig.event(at=NOON + ahead)
        rig.metric("memory", 1, at=NOON + ahead)
        assert rig.overview["total_requests"] == 1
        return
    for record in (lambda: rig.event(at=NOON + ahead), lambda: rig.metric("memory", 1, at=NOON + ahead)):
        with pytest.raises(Refused) as refused:
            record()
        assert (refused.value.code, refused.value.field) == ("timestamp_in_future", "timestamp")
    assert rig.stats()["drops"] == {"timestamp_in_future": 2}


OLDEST_DAY = MIDNIGHT - 89 * DAY


@pytest.mark.parametrize(
    ("at", "taken"), [(OLDEST_DAY, True), (OLDEST_DAY + 0.5, True), (OLDEST_DAY - 0.001, False), (0, False)]
)
def test_records_older_than_the_oldest_day_are_refused(at: float, taken: bool) -> None:
    rig = Rig()
    if taken:
        rig.event(at=at)
        rig.metric("memory", 1, at=at)
        assert nonzero(rig.days(), "date") == {"2023-08-17": 1}
        return
    for record in (lambda: rig.event(at=at), lambda: rig.metric("memory", 1, at=at)):
        with pytest.raises(Refused) as refused:
            record()
        assert (refused.value.code, refused.value.field) == ("timestamp_too_old", "timestamp")
    assert rig.stats()["drops"] == {"timestamp_too_old": 2}


def test_the_oldest_accepted_day_moves_with_the_current_day() -> None:
    rig = Rig(wall=MIDNIGHT + DAY - 0.5)
    rig.event(at=OLDEST_DAY)
    rig.clock.advance(0.5)
    with pytest.raises(Refused):
        rig.event(at=OLDEST_DAY)
    rig.event(at=OLDEST_DAY + DAY)
    assert nonzero(rig.days(), "date") == {"2023-08-18": 1}


def test_a_read_by_a_clock_that_is_a_year_ahead_drops_no_day() -> None:
    rig = Rig()
    rig.event(at=OLDEST_DAY)
    rig.clock.advance(365 * DAY)
    rig.reader.ask(build_snapshot, 0)
    rig.clock.set(NOON)
    rig.event()
    assert rig.reader.ask(build_snapshot, 0)["overview"]["total_requests"] == 2
    assert [rig.state.series.table(Bucket(Resolution.DAY, day)) != {} for day in (OLDEST_DAY, MIDNIGHT)] == [True] * 2


@pytest.mark.parametrize("ahead", [20 * HOUR, 10 * DAY, 100 * DAY])
def test_a_read_by_a_clock_that_is_ahead_changes_no_answer_once_the_clock_is_right(ahead: float) -> None:
    def answers(rig: Rig) -> list[Any]:
        points = [
            rig.ask_in_steps(series.points, series.SeriesQuery("requests", agg="sum", start=NOON - span))["points"]
            for span in (100, 2 * HOUR, 5 * DAY, 80 * DAY)
        ]
        return [
            rig.hours(168),
            rig.days(90),
            rig.stats()["today"],
            rig.stats()["last_24_hours"],
            rig.service()["series"],
            points,
        ]

    def filled() -> Rig:
        rig = Rig(NOON - 0.5)
        rig.events(*(event(user_id="ann", at=NOON - age) for age in (5, 90, HOUR, 6 * DAY, 80 * DAY)))
        rig.clock.set(NOON)
        return rig

    rig, other = filled(), filled()
    other.clock.advance(ahead)
    other.reader.ask(build_snapshot, 0)
    other.clock.set(NOON)
    assert answers(other) == answers(rig)
    for each in (rig, other):
        each.event(user_id="bob")
    assert answers(other) == answers(rig)


def test_retention_counts_from_the_time_of_the_read_also_without_new_records() -> None:
    rig = Rig()
    rig.event()
    rig.clock.advance(119)
    query = series.SeriesQuery("requests", agg="sum", start=NOON, end=NOON + 1, step=1)
    assert [point["value"] for point in rig.ask_in_steps(series.points, query)["points"]] == [1]
    assert rig.stats()["storage"]["oldest"]["seconds"] == "2023-11-14T12:00:00.000Z"
    rig.clock.advance(1)
    with pytest.raises(ValidationFailed):
        rig.ask_in_steps(series.points, query)
    assert rig.stats()["storage"]["oldest"]["seconds"] is None
    assert rig.stats()["storage"]["oldest"]["minutes"] == "2023-11-14T12:00:00.000Z"


def test_statistics_end_with_the_newest_record_if_the_clock_is_behind_it() -> None:
    rig = Rig()
    rig.event(at=OLDEST_DAY)
    rig.clock.set(OLDEST_DAY - DAY)
    assert nonzero(rig.days(), "date") == {"2023-08-17": 1}
    assert rig.stats()["today"]["date"] == "2023-11-14"


@pytest.mark.parametrize("age", [1, 59, 60, 119, 121, HOUR - 1, HOUR, 3 * HOUR, 12 * HOUR, DAY, 6 * DAY])
def test_a_late_record_counts_in_the_buckets_of_its_time(age: int) -> None:
    rig = Rig()
    rig.event(user_id="ann", at=NOON - age, data={"latency": 10, "status": 500})
    hours = [bucket for bucket in rig.hours() if bucket["requests"]]
    days = [bucket for bucket in rig.days() if bucket["requests"]]
    for (bucket,), start, key, form in (
        (hours, (NOON - age) // HOUR * HOUR, "hour", "%Y-%m-%dT%H:00:00Z"),
        (days, (NOON - age) // DAY * DAY, "date", "%Y-%m-%d"),
    ):
        assert bucket[key] == _utc(start, form)
        assert (bucket["requests"], bucket["errors"], bucket["events"], bucket["unique_users"]) == (1, 1, 1, 1)
        assert bucket["p99_latency_ms"] == 10
    minutes = [point for point in rig.service()["series"] if point["requests"]]
    start = (NOON - age) // MINUTE * MINUTE
    in_view = start > NOON - HOUR
    assert [point["timestamp"] for point in minutes] == ([_utc(start, "%Y-%m-%dT%H:%M:%SZ")] if in_view else [])
    assert rig.realtime["requests_last_1min"] == (1 if age < 60 else 0)
    assert rig.overview["total_requests"] == 1


def _utc(at: float, form: str) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime(form)


def test_a_record_ahead_of_time_counts_in_the_total_at_once_and_later_in_its_bucket() -> None:
    rig = Rig(wall=MIDNIGHT - 10)
    rig.event(at=MIDNIGHT + 100, user_id="ann")
    assert rig.overview["total_requests"] == 1
    assert rig.realtime["requests_last_1min"] == 0
    assert rig.overview["active_users"] == 1
    assert nonzero(rig.days(1), "date") == {}
    rig.clock.set(MIDNIGHT + 100)
    assert rig.realtime["requests_last_1min"] == 1
    assert nonzero(rig.hours(2), "hour") == {"2023-11-14T00:00:00Z": 1}
    rig.clock.advance(DAY)
    assert nonzero(rig.days(2), "date") == {"2023-11-14": 1}


@pytest.mark.parametrize("boundary", [MIDNIGHT, NOON, NOON + MINUTE])
@pytest.mark.parametrize("pause", [0.25, 1, 61, HOUR, DAY])
def test_records_on_both_sides_of_a_boundary_count_in_their_buckets(boundary: int, pause: float) -> None:
    rig = Rig(wall=boundary - 0.25)
    rig.event()
    rig.clock.advance(0.25)
    rig.event()
    rig.clock.advance(pause)
    hours = nonzero(rig.hours(), "hour")
    if boundary % HOUR:
        assert list(hours.values()) == [2]
    else:
        assert list(hours.values()) == [1, 1]
    days = nonzero(rig.days(), "date")
    assert list(days.values()) == ([1, 1] if boundary == MIDNIGHT else [2])
    assert rig.overview["total_requests"] == 2


@pytest.mark.parametrize(
    ("hours_of_requests", "peak"),
    [([9, 14, 14], "2023-11-14T14:00:00Z"), ([14, 9], "2023-11-14T09:00:00Z"), ([], None)],
)
def test_the_peak_hour_is_the_busiest_and_on_a_tie_the_earliest(hours_of_requests: list[int], peak: str | None) -> None:
    rig = Rig(wall=MIDNIGHT + DAY - 1)
    rig.events(*(event(at=MIDNIGHT + hour * HOUR) for hour in hours_of_requests))
    today = rig.stats()["today"]
    assert today["peak_hour"] == rig.days(1)[0]["peak_hour"] == peak
    assert today["peak_requests"] == (2 if len(hours_of_requests) == 3 else len(hours_of_requests) // 2)


def test_peak_hours_are_kept_longer_than_hourly_statistics() -> None:
    rig = Rig()
    rig.event()
    rig.clock.advance(30 * DAY)
    (day,) = [bucket for bucket in rig.days() if bucket["requests"]]
    assert (day["date"], day["peak_hour"], day["peak_requests"]) == ("2023-11-14", "2023-11-14T12:00:00Z", 1)
    assert [day["date"] for day in rig.stats()["days"]] == ["2023-11-14"]


def test_peak_hours_are_forgotten_with_their_day() -> None:
    rig = Rig(wall=MIDNIGHT)
    rig.event()
    rig.clock.set(MIDNIGHT + 90 * DAY - 1)
    rig.snapshot()
    assert rig.state.peak_hours.peak(MIDNIGHT) == (MIDNIGHT, 1)
    rig.clock.advance(1)
    rig.snapshot()
    assert rig.state.peak_hours.peak(MIDNIGHT) is None


def test_unique_users_of_a_day_are_not_the_sum_of_its_hours() -> None:
    rig = Rig(wall=MIDNIGHT + DAY - 1)
    for hour in range(24):
        rig.events(
            *(event("page_view", user_id=user, at=MIDNIGHT + hour * HOUR) for user in ("ann", "bob", f"u{hour}"))
        )
    assert [bucket["unique_users"] for bucket in rig.hours(24)] == [3] * 24
    assert rig.days(1)[0]["unique_users"] == rig.stats()["last_24_hours"]["unique_users"] == 26


def test_percentiles_of_a_day_are_those_of_all_its_requests() -> None:
    rig = Rig(wall=MIDNIGHT + DAY - 1)
    for hour in range(20):
        latency = 1_000 if hour == 0 else 10
        rig.events(*(event(at=MIDNIGHT + hour * HOUR, data={"latency": latency}) for _ in range(10)))
    day = rig.days(1)[0]
    assert day["p50_latency_ms"] == pytest.approx(10, rel=0.006)
    assert day["p99_latency_ms"] == pytest.approx(1_000, rel=0.006)
    assert day["avg_latency_ms"] == 59.5


@pytest.mark.parametrize(("days", "kept"), [(6, 1), (7, 0)])
def test_hourly_statistics_are_kept_for_seven_days(days: int, kept: int) -> None:
    rig = Rig(wall=MIDNIGHT)
    rig.event()
    rig.clock.set(MIDNIGHT + days * DAY + (HOUR * 23 + 59 * 60 if days == 6 else 0))
    assert len(nonzero(rig.hours(168), "hour")) == kept
    assert len(nonzero(rig.days(), "date")) == 1


@pytest.mark.parametrize(("days", "kept"), [(89, 1), (90, 0)])
def test_daily_statistics_and_totals_are_kept_for_ninety_days(days: int, kept: int) -> None:
    rig = Rig(wall=MIDNIGHT)
    rig.event("request", user_id="ann", data={"endpoint": "/a"})
    rig.metric("memory", 1, tags={"host": "a"})
    rig.clock.set(MIDNIGHT + days * DAY)
    stats = rig.stats()
    assert len(nonzero(rig.days(), "date")) == kept
    assert rig.overview["total_requests"] == kept
    assert (stats["totals"]["endpoints"], stats["events_by_type"]) == (kept, {"request": 1} if kept else {})
    assert (stats["totals"]["series"] == 0) == (not kept)
    assert (stats["totals"]["limited_series"] == 0) == (not kept)
    assert stats["totals"]["services"] == kept


def test_a_wall_clock_that_goes_back_loses_nothing() -> None:
    rig = Rig(wall=MIDNIGHT + 5)
    rig.event(user_id="ann")
    rig.clock.advance(-10)
    rig.event(user_id="bob")
    assert rig.overview["total_requests"] == 2
    rig.clock.advance(10)
    assert rig.realtime["requests_last_1min"] == 2
    assert rig.overview["active_users"] == 2
    assert nonzero(rig.days(2), "date") == {"2023-11-13": 1, "2023-11-14": 1}


moments = st.one_of(st.integers(-300, 200), st.integers(-300, 5 * HOUR), st.integers(0, 95 * DAY))
script = st.lists(
    st.one_of(
        st.tuples(st.just("events"), st.lists(st.tuples(st.sampled_from("abc"), moments), min_size=1, max_size=4)),
        st.tuples(st.just("metric"), st.tuples(st.sampled_from("abc"), st.integers(0, 9))),
        st.tuples(st.just("beat"), st.tuples(st.sampled_from("abd"), st.integers(0, 99))),
        st.tuples(st.just("wait"), st.sampled_from([0.5, 1, 60, HOUR, DAY, 30 * DAY, 90 * DAY])),
    ),
    max_size=15,
)


@given(script)
def test_total_requests_are_always_the_sum_over_the_services(steps: list[tuple[str, Any]]) -> None:
    rig = Rig(wall=MIDNIGHT - 100)
    for step in steps:
        match step:
            case ("events", items):
                rig.events(*(event(service=service, at=rig.clock.wall() - age) for service, age in items))
            case ("metric", (service, value)):
                rig.metric("requests", value, service)
            case ("beat", (service, value)):
                rig.beat(service, request_count=value, error_count=value)
            case ("wait", seconds):
                rig.clock.advance(seconds)
    snapshot = rig.snapshot()
    rows = snapshot["services"].values()
    assert snapshot["overview"]["total_requests"] == sum(row["request_count"] for row in rows)
    assert rig.stats()["totals"]["requests"] == snapshot["overview"]["total_requests"]
    assert rig.stats()["totals"]["errors"] == sum(row["error_count"] for row in rows)


def test_a_service_is_kept_as_long_as_its_records_also_if_ahead_of_time() -> None:
    rig = Rig(wall=MIDNIGHT - 10)
    rig.event(at=MIDNIGHT + 10)
    rig.clock.set(MIDNIGHT + 89 * DAY)
    snapshot = rig.snapshot()
    assert snapshot["overview"]["total_requests"] == 1
    assert snapshot["services"]["shop"]["request_count"] == 1
