"""Points of series: every aggregate, step, range and filter, and invalid queries."""

import contextlib
from typing import Any

import pytest

from analytics.errors import NotFound, ValidationFailed
from analytics.query.series import MAX_POINTS, SeriesQuery, points
from analytics.records import AGGREGATES
from tests.state.rig import DAY, HOUR, MIDNIGHT, MINUTE, NOON, Rig, event, metric


def ask(rig: Rig, name: str, **asked: Any) -> dict[str, Any]:
    if "tags" in asked:
        asked["tags"] = tuple(sorted(asked["tags"].items()))
    return rig.ask_in_steps(points, SeriesQuery(name, **asked))


def values(rig: Rig, name: str, **asked: Any) -> list[float | None]:
    return [point["value"] for point in ask(rig, name, **asked)["points"]]


def filled(rig: Rig, name: str, **asked: Any) -> dict[str, float]:
    """The points with data, by time of day."""
    return {point["timestamp"][11:19]: point["value"] for point in ask(rig, name, **asked)["points"] if point["value"]}


THIS_MINUTE: dict[str, Any] = {"start": NOON, "end": NOON + MINUTE, "step": MINUTE}


@pytest.mark.parametrize(
    ("agg", "value"),
    [
        ("count", 4),
        ("sum", 100),
        ("avg", 25),
        ("min", 10),
        ("max", 40),
        ("last", 40),
        ("rate", 100 / 30),
        ("p50", 20),
        ("p95", 40),
        ("p99", 40),
    ],
)
@pytest.mark.parametrize("name", ["latency", "queue"])
def test_each_aggregate_is_that_of_the_bucket(agg: str, value: float, name: str) -> None:
    rig = Rig()
    for number in (10, 20, 30, 40):
        rig.metric(name, number)
        rig.clock.advance(7.5)
    assert values(rig, name, agg=agg, **THIS_MINUTE) == [pytest.approx(value, rel=0.006)]


@pytest.mark.parametrize("agg", AGGREGATES)
def test_an_empty_bucket_is_zero_for_counts_and_sums_and_null_otherwise(agg: str) -> None:
    rig = Rig()
    expected = 0 if agg in ("count", "sum", "rate", "unique") else None
    assert set(values(rig, "events", agg=agg)) == {expected}
    if agg != "unique":
        rig.metric("queue", 5, at=NOON - 2 * HOUR)
        assert set(values(rig, "queue", agg=agg)) == {expected}


@pytest.mark.parametrize(("seconds", "rate"), [(0, 60.0), (1, 60.0), (30, 2.0), (60, 1.0), (600, 1.0)])
def test_the_rate_of_the_open_bucket_uses_the_elapsed_time(seconds: float, rate: float) -> None:
    rig = Rig()
    rig.metric("requests", 60)
    rig.clock.advance(seconds)
    assert values(rig, "requests", agg="rate", **THIS_MINUTE) == [rate]


def test_unique_is_the_number_of_distinct_users_of_a_bucket() -> None:
    rig = Rig()
    rig.events(
        *(event("a", user_id=user, at=NOON - 90) for user in ("ann", "bob")),
        event("a", "cart", user_id="ann", at=NOON - 30),
        event("a", "cart", user_id="cid", at=NOON - 30),
    )
    assert filled(rig, "events", agg="unique") == {"11:58:00": 2, "11:59:00": 2}
    assert values(rig, "events", agg="unique", step=HOUR, start=NOON - HOUR, end=NOON) == [3]
    assert values(rig, "events", agg="unique", service="cart", step=HOUR, start=NOON - HOUR, end=NOON) == [2]


@pytest.mark.parametrize(("asked", "step"), [(None, 60), (1, 60), (30, 60), (60, 60), (90, 120), (120, 120)])
def test_unique_is_never_finer_than_a_minute_and_its_steps_are_whole_minutes(asked: int | None, step: int) -> None:
    rig = Rig(wall=NOON + 119)
    rig.event("a", user_id="ann", at=NOON + 5)
    answer = ask(rig, "events", agg="unique", start=NOON, end=NOON + 119, step=asked)
    assert answer["step"] == step
    assert max(point["value"] for point in answer["points"]) == 1


@pytest.mark.parametrize(
    ("asked", "filters", "total"),
    [
        ("requests", {}, 7),
        ("requests", {"service": "shop"}, 3),
        ("requests", {"service": "cart"}, 4),
        ("requests", {"service": "unheard of"}, 0),
        ("requests", {"tags": {"region": "eu"}}, 6),
        ("requests", {"tags": {"region": "eu", "host": "a"}}, 2),
        ("requests", {"tags": {"region": "eu"}, "service": "cart"}, 4),
        ("requests", {"tags": {"region": "us"}}, 0),
        ("queue", {}, 16),
        ("queue", {"service": "shop"}, 15),
        ("queue", {"tags": {"host": "a"}}, 5),
        ("queue", {"tags": {"host": "b"}, "service": "shop"}, 10),
        ("events", {}, 4),
        ("events", {"service": "shop"}, 3),
        ("events", {"tags": {"type": "purchase"}}, 3),
        ("events", {"tags": {"type": "purchase"}, "service": "cart"}, 1),
        ("events", {"tags": {"type": "unheard of"}}, 0),
    ],
)
def test_filters_combine(asked: str, filters: dict[str, Any], total: float) -> None:
    rig = Rig()
    rig.metrics(
        metric("requests", 1),
        metric("requests", 2, tags={"region": "eu", "host": "a"}),
        metric("requests", 4, "cart", tags={"region": "eu"}),
        metric("queue", 5, tags={"host": "a"}),
        metric("queue", 10, tags={"host": "b"}),
        metric("queue", 1, "cart"),
    )
    rig.events(event("purchase"), event("purchase"), event("view"), event("purchase", "cart"))
    assert sum(filter(None, values(rig, asked, agg="sum", **filters, **THIS_MINUTE))) == total


@pytest.mark.parametrize(
    ("ages", "step", "filled_at"),
    [
        ((5, 65), 1, {"11:59:55": 1, "11:58:55": 1}),
        ((5, 65), 10, {"11:59:50": 1, "11:58:50": 1}),
        ((5, 65, 70), 60, {"11:59:00": 1, "11:58:00": 2}),
        ((5, 65, 7_000), 3_600, {"11:00:00": 2, "10:00:00": 1}),
        ((5, 7_000), 7_200, {"10:00:00": 2}),
        ((5, 40_000), 86_400, {"00:00:00": 2}),
    ],
)
def test_points_begin_at_whole_steps(ages: tuple[int, ...], step: int, filled_at: dict[str, float]) -> None:
    rig = Rig()
    rig.events(*(event(at=NOON - age) for age in ages))
    start = NOON - (100 if step < 60 else 3 * HOUR - 60 if step == 60 else 13 * HOUR if step < DAY else 20 * DAY)
    assert filled(rig, "requests", agg="sum", start=start, end=NOON, step=step) == filled_at


@pytest.mark.parametrize(
    ("reach", "step"),
    [
        (60, 1),
        (119, 1),
        (121, 60),
        (HOUR, 60),
        (179 * MINUTE, 60),
        (181 * MINUTE, 3_600),
        (24 * HOUR, 3_600),
        (167 * HOUR, 3_600),
        (169 * HOUR, 86_400),
        (80 * DAY, 86_400),
        (3_000 * DAY, 86_400),
    ],
)
def test_the_default_step_is_the_finest_that_covers_the_range(reach: int, step: int) -> None:
    answer = ask(Rig(), "requests", start=NOON - reach, end=NOON)
    assert answer["step"] == step
    assert len(answer["points"]) <= 180


def test_the_default_is_the_last_hour_by_minutes() -> None:
    rig = Rig(wall=NOON + 30)
    answer = ask(rig, "latency")
    assert (answer["agg"], answer["step"], answer["unit"], len(answer["points"])) == ("avg", 60, "ms", 61)
    assert (answer["from"], answer["to"]) == ("2023-11-14T11:00:00Z", "2023-11-14T12:01:00Z")
    assert (answer["name"], answer["service"], answer["tags"]) == ("latency", None, {})


@pytest.mark.parametrize("reach", [60, 170 * MINUTE, 5 * DAY, 85 * DAY])
def test_the_sum_over_a_range_is_the_same_at_every_resolution(reach: int) -> None:
    rig = Rig(wall=MIDNIGHT + DAY - 1)
    now = rig.clock.wall()
    rig.events(*(event(at=now - reach * share / 20) for share in range(20)))
    for step in (1, 60, HOUR, DAY):
        if reach < step * {1: 120, 60: 180, HOUR: 168, DAY: 90}[step] - step:
            found = values(rig, "requests", agg="sum", start=now - reach, end=now + 1, step=step)
            assert sum(filter(None, found)) == 20, step


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"start": NOON, "end": NOON}, "from"),
        ({"start": NOON + 1, "end": NOON}, "from"),
        ({"step": 7, "start": NOON - HOUR}, "step"),
        ({"step": 90, "start": NOON - HOUR}, "step"),
        ({"step": 60, "start": NOON - 4 * HOUR}, "step"),
        ({"step": 3_600, "start": NOON - 8 * DAY}, "step"),
        ({"step": 90_000, "start": NOON - 30 * DAY}, "step"),
        ({"agg": "unique"}, "agg"),
    ],
)
def test_invalid_parameters_are_refused_and_named(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        ask(Rig(), "requests", **asked)
    assert list(refused.value.fields) == [field]
    assert refused.value.status == 422


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("queue", {"agg": "unique"}),
        ("events", {"agg": "unique", "tags": {"type": "a"}}),
        ("latency", {"agg": "unique"}),
    ],
)
def test_distinct_users_are_kept_for_events_only(name: str, filters: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        ask(Rig(), name, **filters)


@pytest.mark.parametrize("filters", [{}, {"service": "cart"}, {"tags": {"host": "b"}}])
def test_an_unknown_metric_is_not_found(filters: dict[str, Any]) -> None:
    rig = Rig()
    if filters:
        rig.metric("queue", 1, tags={"host": "a"})
    with pytest.raises(NotFound) as missing:
        ask(rig, "queue", **filters)
    assert (missing.value.status, missing.value.code) == (404, "unknown_series")


FAR = 253_402_300_799
"""The last second that a datetime can hold."""


@pytest.mark.parametrize(
    "asked",
    [
        {"end": NOON + 10 * DAY, "start": NOON - DAY},
        {"end": FAR, "start": NOON - 60},
        {"end": FAR, "start": FAR - 1_000},
        {"end": FAR},
        {"end": -60_000_000_000, "start": -62_135_596_800},
        {"end": -62_135_596_000},
        {"start": -62_135_596_800},
        {"end": FAR, "start": -62_135_596_800, "step": 86_400},
        {"end": FAR, "start": FAR - 1, "step": 1, "agg": "unique"},
    ],
)
@pytest.mark.parametrize("name", ["events", "requests"])
def test_any_range_is_answered(asked: dict[str, Any], name: str) -> None:
    rig = Rig()
    rig.event(user_id="ann")
    if name == "requests":
        asked = {key: value for key, value in asked.items() if key != "agg"}
    with contextlib.suppress(ValidationFailed):
        assert len(ask(rig, name, **asked)["points"]) <= MAX_POINTS


def test_the_unit_is_the_sent_one() -> None:
    rig = Rig()
    rig.metric("memory", 5, unit="MB")
    rig.metric("memory", 5, "cart", unit="GB")
    assert ask(rig, "memory", service="cart")["unit"] == "GB"
    assert ask(rig, "memory", service="shop")["unit"] == "MB"
    assert ask(rig, "memory")["unit"] in ("MB", "GB")
    assert ask(rig, "requests")["unit"] is None
