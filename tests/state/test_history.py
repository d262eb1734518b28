"""The history of a service's state does not depend on who reads it, or when."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.query.services import history
from tests.log.disk.replica import recorded
from tests.state.rig import DAY, HOUR, MINUTE, NOON, Rig


def changes(rig: Rig) -> list[tuple[str | None, str, str]]:
    """Old state, new state and time of each change, oldest first."""
    return [(each["from"], each["to"], each["at"][11:19]) for each in rig.service_history()[::-1]]


def beat_each_minute(rig: Rig) -> None:
    """Four heartbeats, a minute apart."""
    for _ in range(3):
        rig.beat()
        rig.clock.advance(MINUTE)
    rig.beat()


def test_silence_and_return_are_in_the_history_with_their_times() -> None:
    rig = Rig()
    beat_each_minute(rig)
    rig.clock.advance(58 * MINUTE)
    rig.beat()
    assert rig.row()["status_since"] == "2023-11-14T13:01:00.000Z", "the return"
    assert changes(rig) == [
        (None, "healthy", "12:00:00"),
        ("healthy", "stale", "12:05:00"),
        ("stale", "down", "12:08:00"),
        ("down", "healthy", "13:01:00"),
    ]
    assert [each["reason"] for each in rig.service_history()] == [
        "heartbeat reported healthy",
        "no heartbeat for 5 min",
        "no heartbeat for 2 min",
        "heartbeat reported healthy",
    ]


def test_maintenance_lasts_until_something_else_is_reported() -> None:
    rig = Rig()
    rig.beat(status="maintenance", message="upgrade")
    rig.clock.advance(3 * DAY)
    assert rig.row()["status"] == "maintenance"
    rig.beat()
    assert [change[:2] for change in changes(rig)] == [(None, "maintenance"), ("maintenance", "healthy")]


def test_a_service_does_not_become_down_while_the_process_is_stopped() -> None:
    rig = Rig()
    beat_each_minute(rig)
    rig.clock.advance(20 * MINUTE)
    rig.recorder.start()
    assert rig.row()["status"] == "healthy"
    rig.clock.advance(2 * MINUTE + 1)
    assert (rig.row()["status"], rig.row()["status_since"]) == ("stale", "2023-11-14T12:25:00.000Z")
    rig.beat()
    assert [change[1:] for change in changes(rig)] == [
        ("healthy", "12:00:00"),
        ("stale", "12:25:00"),
        ("healthy", "12:25:01"),
    ]


def test_a_service_that_was_silent_before_a_stop_is_silent_after_the_start() -> None:
    rig = Rig()
    beat_each_minute(rig)
    rig.clock.advance(10 * MINUTE)
    assert rig.row()["status"] == "down"
    seen = changes(rig)
    rig.clock.advance(HOUR)
    rig.recorder.start()
    assert (rig.row()["status"], rig.row()["status_since"]) == ("down", "2023-11-14T12:08:00.000Z")
    assert changes(rig) == seen


def test_a_tick_is_recorded_only_if_time_changed_something() -> None:
    rig = Rig()
    log = recorded(rig)
    beat_each_minute(rig)
    for _ in range(2 * HOUR):
        rig.clock.advance(1)
        rig.recorder.tick()
    ticks = [entry.received - NOON - 3 * MINUTE for entry in log if entry.kind == "ticks"]
    assert ticks == [2 * MINUTE + 1, 5 * MINUTE + 1, HOUR + 1], "stale, down, and gone"


def test_the_newest_thousand_changes_are_kept_as_long_as_days() -> None:
    rig = Rig(daily_days=3)
    for number in range(1_500):
        rig.beat(status=("healthy", "degraded")[number % 2])
        rig.clock.advance(1)
    assert len(rig.ask(history, "shop", 10_000)["history"]) == 1_000
    rig.clock.advance(4 * DAY)
    rig.beat()
    assert [change[1] for change in changes(rig)][-1] == "healthy"
    assert len(changes(rig)) < 5


_act = st.one_of(
    st.tuples(
        st.just("beat"),
        st.sampled_from((None, "a", "b", "c")),
        st.sampled_from(("healthy", "healthy", "degraded", "unhealthy", "maintenance")),
    ),
    st.tuples(st.just("wait"), st.sampled_from((1.0, 30.0, 60.0, 60.0, 200.0, 600.0, 7_200.0, 90_000.0)), st.none()),
)


@given(st.lists(_act, min_size=1, max_size=40), st.sampled_from((0.0, 1.0, 100.0, 400.0, 90_000.0)))
def test_a_restart_keeps_states_and_changes(acts: list[Any], stopped: float) -> None:
    rig = Rig()
    rig.beat()
    for kind, what, status in acts:
        if kind == "beat":
            rig.beat(instance=what, status=status)
        else:
            rig.clock.advance(what)
    before, row = changes(rig), rig.row()
    rig.clock.advance(stopped)
    rig.recorder.start()
    assert (rig.row()["status"], rig.row()["status_since"]) == (row["status"], row["status_since"])
    assert changes(rig) == before


@given(st.lists(_act, max_size=40), st.lists(st.booleans(), min_size=40, max_size=40))
def test_reads_do_not_change_the_history(acts: list[Any], reads: list[bool]) -> None:
    read, unread = Rig(), Rig()
    for (kind, what, status), is_read in zip(acts, reads, strict=False):
        for rig in (read, unread):
            if kind == "beat":
                rig.beat(instance=what, status=status)
            else:
                rig.clock.advance(what)
        if is_read:
            read.snapshot()
            if len(read.state.services):
                read.service_history()
    if len(read.state.services):
        assert read.service_history() == unread.service_history()
        assert read.row() == unread.row()
        found = read.service_history()
        assert all(newer["at"] >= older["at"] for newer, older in pairwise(found))
        assert all(change["from"] != change["to"] for change in found)
        assert found[0]["to"] == read.row()["status"]
        assert found[0]["at"] == read.row()["status_since"]
