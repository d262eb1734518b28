"""/series over what is kept here and what another database has."""

from collections.abc import Iterator

import pytest

from analytics.errors import NotFound, ValidationFailed
from tests.query.far.rig import END, FarRig, depth, shop
from tests.state.rig import DAY, HOUR, MINUTE, NOON


@pytest.fixture(scope="module")
def shared_rig() -> FarRig:
    return FarRig()


@pytest.fixture
def rig(shared_rig: FarRig) -> Iterator[FarRig]:
    shared_rig.database.queries.clear()
    yield shared_rig
    shared_rig.database.is_unreadable = False


def values(rig: FarRig, **query: object) -> list[float | None]:
    return [point["value"] for point in rig.series(**query)["points"]]


def test_minutes_that_expired_and_minutes_that_are_kept_are_one_series(rig: FarRig) -> None:
    found = rig.series(name="requests", service="shop", agg="sum", start=NOON, end=END, step=MINUTE)
    assert [point["value"] for point in found["points"]] == [shop(m) for m in range(360)]
    assert found["from"] == "2023-11-14T12:00:00Z"
    assert found["points"][0]["timestamp"] == "2023-11-14T12:00:00Z"
    assert found["annotations"] == ["what is before 2023-11-14T15:01:00Z comes from a test's database"]


def test_each_aggregate_of_old_minutes(rig: FarRig) -> None:
    old = {"start": NOON, "end": NOON + 10 * MINUTE}
    gauge = {"name": "depth", "tags": (("host", "a"),), "step": 5 * MINUTE, **old}
    assert values(rig, agg="avg", **gauge) == [depth(2, "a"), depth(7, "a")]
    assert values(rig, agg="min", **gauge) == [depth(0, "a"), depth(5, "a")]
    assert values(rig, agg="max", **gauge) == [depth(4, "a"), depth(9, "a")]
    assert values(rig, agg="last", **gauge) == [depth(4, "a"), depth(9, "a")]
    assert values(rig, agg="count", **gauge) == [5, 5]
    both = {"name": "depth", "step": 5 * MINUTE, **old}
    assert values(rig, agg="max", **both) == [depth(4, "b"), depth(9, "b")]
    rates = values(rig, name="requests", service="shop", agg="rate", step=MINUTE, **old)
    assert rates == [round(shop(m) / 60, 6) for m in range(10)]
    latency = values(rig, name="latency", service="shop", agg="p95", step=MINUTE, **old)
    assert latency == pytest.approx([10 + m % 5 for m in range(10)], rel=0.01)
    assert values(rig, name="latency", agg="avg", step=MINUTE, **old) == [10 + m % 5 for m in range(10)]
    assert values(rig, name="events", agg="unique", step=MINUTE, **old) == [1] * 10
    assert values(rig, name="events", service="mail", agg="count", step=MINUTE, **old) == [1] * 10
    assert values(rig, name="events", tags=(("type", "request"),), agg="count", step=MINUTE, **old)[0] == shop(0) + 1


def test_percentiles_of_several_buckets_are_not_made_up(rig: FarRig) -> None:
    assert values(rig, name="latency", service="shop", agg="p95", start=NOON, end=NOON + 600, step=300) == [None, None]


def test_without_a_step_a_short_range_has_minutes(rig: FarRig) -> None:
    found = rig.series(name="requests", service="shop", agg="sum", start=NOON, end=NOON + HOUR)
    assert found["step"] == MINUTE
    assert len(found["points"]) == 60


def test_what_is_kept_here_is_not_asked_for(rig: FarRig) -> None:
    assert not rig.series(name="requests", agg="sum", start=END - HOUR, end=END, step=MINUTE)["annotations"]
    assert not rig.series(name="requests", agg="sum", start=NOON, end=END, step=HOUR)["annotations"]
    assert not rig.database.queries


def test_without_an_answer_what_is_kept_here_decides(rig: FarRig) -> None:
    rig.database.is_unreadable = True
    query = {"name": "requests", "service": "shop", "agg": "sum", "start": NOON, "end": NOON + HOUR}
    found = rig.series(**query)
    assert [point["value"] for point in found["points"]] == [sum(map(shop, range(60)))]
    assert "could not be read" in found["annotations"][0]
    with pytest.raises(ValidationFailed, match="not kept that far back"):
        rig.series(**query, step=MINUTE)


def test_a_series_that_is_nowhere_is_not_found(rig: FarRig) -> None:
    with pytest.raises(NotFound):
        rig.series(name="nothing", agg="sum", start=NOON, end=NOON + HOUR)
    with pytest.raises(ValidationFailed):
        rig.series(name="requests", agg="sum", start=NOON - 100 * DAY, end=END, step=MINUTE)
