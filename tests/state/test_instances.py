"""The state of a service is that of the worst instance expected to report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.log.refusal import Refused
from analytics.state.senders import MAX_INSTANCES
from tests.state.rig import DAY, HOUR, MINUTE, Rig


def minutes(rig: Rig, count: int, *instances: str) -> None:
    """Let time pass, with a heartbeat of each instance every minute."""
    for _ in range(count):
        rig.clock.advance(MINUTE)
        for instance in instances:
            rig.beat(instance=instance)


def test_the_state_is_that_of_the_worst_instance() -> None:
    rig = Rig()
    rig.beat(instance="web-1", message="fine")
    rig.beat(instance="web-2", status="unhealthy", message="disk full", request_count=5)
    row = rig.row()
    assert (row["status"], row["message"]) == ("unhealthy", "disk full")
    assert [
        (each["instance"], each["status"], each["message"], each["request_count"]) for each in row["instances"]
    ] == [
        ("web-1", "healthy", "fine", None),
        ("web-2", "unhealthy", "disk full", 5),
    ]


def test_a_silent_instance_makes_its_service_stale_then_down() -> None:
    rig = Rig()
    minutes(rig, 3, "a", "b")
    minutes(rig, 2, "a")
    assert rig.row()["status"] == "healthy"
    minutes(rig, 1, "a")
    assert rig.row()["status"] == "stale"
    minutes(rig, 3, "a")
    assert rig.row()["status"] == "down"
    assert rig.service_history()[0]["reason"] == "no heartbeat of b for 5 min"


def test_a_replaced_instance_is_not_missing() -> None:
    rig = Rig()
    minutes(rig, 5, "pod-1")
    minutes(rig, 2, "pod-1", "pod-2")
    minutes(rig, 30, "pod-2")
    assert rig.row()["status"] == "healthy"
    assert {change["to"] for change in rig.service_history()} == {"healthy"}


def test_a_silent_instance_is_gone_after_an_hour_and_forgotten_after_a_day() -> None:
    rig = Rig()
    minutes(rig, 5, "a", "b")
    minutes(rig, 50, "a")
    assert rig.row()["status"] == "down"
    minutes(rig, 15, "a")
    assert rig.row()["status"] == "healthy"
    for _ in range(26):
        rig.clock.advance(HOUR)
        rig.beat(instance="a")
    assert [each["instance"] for each in rig.row()["instances"]] == ["a"]


def test_an_instance_that_returns_after_days_counts_only_its_increase() -> None:
    rig = Rig()
    rig.beat(instance="db-0", request_count=1_000)
    rig.beat(instance="db-1", request_count=5)
    for _ in range(30):
        rig.clock.advance(HOUR)
        rig.beat(instance="db-1", request_count=5)
    rig.beat(instance="db-0", request_count=1_010)
    assert rig.row()["request_count"] == 1_015


def test_instances_that_reported_at_the_same_time_do_not_replace_each_other() -> None:
    rig = Rig()
    rig.beat(instance="a")
    rig.clock.advance(2)
    rig.beat(instance="b")
    minutes(rig, 8, "a", "b")
    minutes(rig, 6, "b")
    assert rig.row()["status"] == "down"


def test_a_yearly_job_is_known_until_it_is_due() -> None:
    rig = Rig()
    rig.beat("audit", interval=366 * DAY, request_count=1)
    rig.clock.advance(300 * DAY)
    assert rig.row("audit")["status"] == "healthy"


def test_a_service_all_of_whose_instances_are_silent_stays_down() -> None:
    rig = Rig()
    minutes(rig, 5, "a", "b")
    rig.clock.advance(20 * DAY)
    assert rig.row()["status"] == "down"


def test_an_instance_above_the_limit_is_refused() -> None:
    rig = Rig()
    for number in range(MAX_INSTANCES):
        rig.beat(instance=f"i{number}")
    with pytest.raises(Refused, match="no room for another instance"):
        rig.beat(instance="one more")
    rig.beat(instance="i5")
    rig.beat()
    assert rig.stats()["drops"] == {"too_many_instances": 1}


@given(
    st.floats(1, 7 * DAY),
    st.lists(st.floats(0.75, 1.25), min_size=8, max_size=20),
    st.one_of(st.none(), st.booleans()),
)
def test_only_an_instance_that_misses_its_usual_interval_is_silent(
    interval: float, jitter: list[float], states_it: bool | None
) -> None:
    rig = Rig()
    fields = {"interval": interval} if states_it else {}
    if states_it is False:
        fields = {"interval": interval, "grace": interval}
    for number, factor in enumerate(jitter):
        rig.beat(**fields)
        silence = interval * factor
        rig.clock.advance(silence * 0.999)
        if fields or number >= 1:
            assert rig.row()["status"] == "healthy"
        assert rig.row()["status"] != "down"
        rig.clock.advance(silence * 0.001)
    rig.beat(**fields)
    rig.clock.advance(max(5 * interval * 1.3, 301))
    assert rig.row()["status"] == "down"


def test_an_hourly_job_is_not_stale_after_two_minutes() -> None:
    rig = Rig()
    rig.beat("backup", interval=3_600)
    rig.clock.advance(119 * MINUTE)
    assert rig.row("backup")["status"] == "healthy"
    assert rig.row("backup")["heartbeat_interval_seconds"] == 3_600
