"""Metrics in the log: their kinds, instances, and limits."""

from typing import Any

import pytest

from analytics.errors import ValidationFailed
from analytics.log.refusal import Refused
from analytics.query.series import SeriesQuery, points
from analytics.query.typed_series import wants_percentiles
from tests.state.rig import HOUR, MINUTE, NOON, Rig, metric


def values(rig: Rig, name: str, **asked: Any) -> list[float | None]:
    """The values of the minute from noon, or of another range."""
    query = SeriesQuery(name, **{"start": NOON, "end": NOON + MINUTE, "step": MINUTE, **asked})
    return [point["value"] for point in rig.ask_in_steps(points, query)["points"]]


def test_a_counter_adds_up_its_increases() -> None:
    rig = Rig()
    rig.metrics(metric("jobs", 3, kind="counter"), metric("jobs", 4, kind="counter", tags={"queue": "mail"}))
    assert values(rig, "jobs", agg="sum") == [7]
    assert values(rig, "jobs", agg="count") == [2]
    assert rig.service()["metrics"]["jobs"] == {
        "kind": "counter",
        "last": None,
        "avg": 3.5,
        "min": None,
        "max": None,
        "sum": 7,
        "count": 2,
        "unit": None,
        "last_at": "2023-11-14T12:00:00.000Z",
    }


def test_a_histogram_has_percentiles_at_all_resolutions() -> None:
    rig = Rig()
    rig.metrics(*(metric("wait", value, kind="histogram") for value in range(1, 101)))
    rig.clock.advance(2 * HOUR)
    for step in (MINUTE, HOUR):
        found = values(rig, "wait", agg="p95", start=NOON, end=NOON + step, step=step)
        assert found == [pytest.approx(95, rel=0.006)]
    assert values(rig, "wait", agg="sum", end=NOON + HOUR, step=HOUR) == [5050]


@pytest.mark.parametrize(("kind", "agg"), [("counter", "p95"), ("counter", "last"), ("histogram", "max")])
def test_what_a_kind_does_not_keep_is_refused(kind: str, agg: str) -> None:
    rig = Rig()
    rig.metric("jobs", 3, kind=kind)
    with pytest.raises(ValidationFailed, match=f"{agg} is not kept for a {kind}"):
        values(rig, "jobs", agg=agg)


def test_a_name_keeps_its_kind() -> None:
    rig = Rig()
    rig.metric("jobs", 3)
    with pytest.raises(Refused, match="is a gauge already") as refused:
        rig.metric("jobs", 3, kind="counter")
    assert (refused.value.code, refused.value.field) == ("kind_conflict", "kind")
    assert rig.metrics(metric("jobs", 1)).accepted == 1


def test_a_counter_cannot_fall() -> None:
    with pytest.raises(Refused, match="A counter cannot fall"):
        Rig().metric("jobs", -1, kind="counter")


def test_each_instance_has_a_series_of_its_own() -> None:
    rig = Rig()
    rig.metrics(*(metric("memory", 1, instance=name) for name in ("a", "b", "a")))
    assert rig.stats()["totals"]["limited_series"] == 2
    assert values(rig, "memory", agg="count", tags=(("instance", "a"),)) == [2]


def test_traffic_needs_no_kind() -> None:
    rig = Rig()
    rig.metrics(metric("requests", 2, kind="counter"), metric("requests", 1), metric("latency", 5, kind="histogram"))
    assert (rig.row()["request_count"], rig.row()["avg_latency_ms"]) == (3, 5)
    assert len(rig.state.series_store) == 0


def test_percentiles_of_a_gauge_are_kept_by_hours_once_they_were_asked() -> None:
    rig = Rig()
    asked = {"agg": "p50", "start": NOON, "end": NOON + HOUR, "step": HOUR}
    rig.metrics(*(metric("memory", value) for value in (1, 2, 3)))
    rig.clock.advance(MINUTE)
    assert values(rig, "memory", agg="p50") == [pytest.approx(2, rel=0.006)]
    assert values(rig, "memory", **asked) == [None]
    assert rig.ask(wants_percentiles, "memory", "p50")
    rig.recorder.keep_percentiles("memory")
    assert not rig.ask(wants_percentiles, "memory", "p50")
    assert values(rig, "memory", **asked) == [pytest.approx(2, rel=0.006)]


def test_silent_series_make_room_for_new_ones_but_not_those_of_the_same_batch() -> None:
    rig = Rig(max_series=2)
    rig.metrics(metric("memory", 1, tags={"host": "a"}), metric("memory", 1, tags={"host": "b"}))
    rig.clock.advance(400)
    receipt = rig.metrics(*(metric("memory", 1, tags={"host": host}) for host in "ca"))
    assert receipt.accepted == 2
    assert rig.metrics(metric("memory", 1, tags={"host": "b"})).rejected == 1
