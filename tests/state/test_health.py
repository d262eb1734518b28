"""Health by each service's own rhythm."""

from statistics import median

import pytest

from analytics.state.health import health, usual_interval
from tests.state.rig import NOON, Rig


@pytest.mark.parametrize(
    ("interval", "silence", "state"),
    [
        # a service that beats every minute, or whose rhythm is not known yet: the least limits hold
        (60, 0, "degraded"),
        (60, 120, "degraded"),
        (60, 120.5, "stale"),
        (60, 300, "stale"),
        (60, 300.5, "down"),
        (1, 119, "degraded"),
        (1, 121, "stale"),
        (1, 301, "down"),
        (None, 120, "degraded"),
        (None, 121, "stale"),
        (None, 301, "down"),
        # one that beats every ten minutes: its own rhythm holds
        (600, 1_200, "degraded"),
        (600, 1_200.5, "stale"),
        (600, 3_000, "stale"),
        (600, 3_000.5, "down"),
    ],
)
def test_silence_is_judged_by_the_usual_interval(interval: float | None, silence: float, state: str) -> None:
    intervals = [] if interval is None else [interval] * 3
    assert health("degraded", NOON, intervals, NOON + silence)[0] == state


@pytest.mark.parametrize(("reported", "last"), [(None, None), ("healthy", None), (None, NOON)])
def test_without_a_heartbeat_health_is_unknown(reported: str | None, last: float | None) -> None:
    assert health(reported, last, [], NOON) == ("unknown", None)


@pytest.mark.parametrize(("silence", "since"), [(10, None), (130, 120), (400, 300)])
def test_silence_has_a_name_since_it_passed_its_limit(silence: float, since: float | None) -> None:
    assert health("healthy", NOON, [60], NOON + silence)[1] == (None if since is None else NOON + since)


@pytest.mark.parametrize("intervals", [[60], [60, 60, 3_600], [10, 20, 30, 40], [5, 600, 600]])
def test_the_usual_interval_is_the_median(intervals: list[float]) -> None:
    assert usual_interval(intervals) == median(intervals)
    assert usual_interval([]) is None


def test_one_outage_does_not_change_the_rhythm() -> None:
    rig = Rig()
    for pause in (60, 60, 60, 7_200, 60):
        rig.beat()
        rig.clock.advance(pause)
    rig.beat()
    assert rig.row()["heartbeat_interval_seconds"] == 60
    rig.clock.advance(121)
    assert rig.row()["status"] == "stale"


def test_the_rhythm_follows_the_latest_beats() -> None:
    rig = Rig()
    for pause in [10] * 30 + [600] * 16:
        rig.beat()
        rig.clock.advance(pause)
    rig.beat()
    assert rig.row()["heartbeat_interval_seconds"] == 600


def test_a_row_tells_the_state_and_since_when() -> None:
    rig = Rig()
    rig.event("page_view")
    rig.clock.advance(5)
    row = rig.row()
    assert (row["status"], row["status_since"]) == ("unknown", "2023-11-14T12:00:00.000Z"), "since it was first seen"
    assert row["last_heartbeat"] is None
    rig.beat(status="degraded")
    rig.clock.advance(60)
    rig.beat(status="degraded")
    row = rig.row()
    assert (row["status"], row["status_since"]) == ("degraded", "2023-11-14T12:00:05.000Z")
    assert row["last_heartbeat"] == "2023-11-14T12:01:05.000Z"
    rig.clock.advance(121)
    assert (rig.row()["status"], rig.row()["status_since"]) == ("stale", "2023-11-14T12:03:05.000Z")
    rig.clock.advance(180)
    assert (rig.row()["status"], rig.row()["status_since"]) == ("down", "2023-11-14T12:06:05.000Z")
    rig.beat(status="healthy")
    assert (rig.row()["status"], rig.row()["status_since"]) == ("healthy", "2023-11-14T12:06:06.000Z")


@pytest.mark.parametrize("status", ["healthy", "degraded", "unhealthy", "maintenance"])
def test_a_service_in_its_rhythm_is_what_it_reports(status: str) -> None:
    rig = Rig()
    rig.beat(status=status)
    assert rig.row()["status"] == status
