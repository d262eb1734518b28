"""Health by the interval of each service's heartbeats."""

from statistics import median

import pytest

from analytics.state.health import health, median_interval, silence_limits
from tests.state.rig import Rig


@pytest.mark.parametrize(
    ("interval", "grace", "silence", "state"),
    [
        # one heartbeat a minute: the minimum limits apply
        (60, None, 0, "degraded"),
        (60, None, 120, "degraded"),
        (60, None, 120.5, "stale"),
        (60, None, 300, "stale"),
        (60, None, 300.5, "down"),
        (1, None, 119, "degraded"),
        (1, None, 121, "stale"),
        (1, None, 301, "down"),
        # unknown interval: never down
        (None, None, 120, "degraded"),
        (None, None, 121, "stale"),
        (None, None, 301, "stale"),
        (None, None, 1e9, "stale"),
        (None, 600, 600, "degraded"),
        (None, 600, 601, "stale"),
        # one heartbeat every ten minutes: limits by its interval
        (600, None, 1_200, "degraded"),
        (600, None, 1_200.5, "stale"),
        (600, None, 3_000, "stale"),
        (600, None, 3_000.5, "down"),
        # an hourly job that may be five minutes late
        (3_600, 300, 3_900, "degraded"),
        (3_600, 300, 3_901, "stale"),
        (3_600, 300, 4_200, "stale"),
        (3_600, 300, 4_201, "down"),
        (3_600, 0, 3_600, "degraded"),
        (3_600, 0, 3_601, "down"),
    ],
)
def test_silence_is_judged_by_the_interval_and_the_grace(
    interval: float | None, grace: float | None, silence: float, state: str
) -> None:
    assert health("degraded", silence, silence_limits(interval, grace)) == state
    assert health("maintenance", silence, silence_limits(interval, grace)) == "maintenance"


def test_without_a_heartbeat_health_is_unknown() -> None:
    assert health(None, 1e9, silence_limits(None, None)) == "unknown"


@pytest.mark.parametrize("intervals", [[60], [60, 60, 3_600], [10, 20, 30, 40], [5, 600, 600]])
def test_the_usual_interval_is_the_median(intervals: list[float]) -> None:
    assert median_interval(intervals) == median(intervals)
    assert median_interval([]) is None


def test_one_outage_does_not_change_the_usual_interval() -> None:
    rig = Rig()
    for pause in (60, 60, 60, 7_200, 60):
        rig.beat()
        rig.clock.advance(pause)
    rig.beat()
    assert rig.row()["heartbeat_interval_seconds"] == 60
    rig.clock.advance(121)
    assert rig.row()["status"] == "stale"


def test_the_usual_interval_follows_the_latest_heartbeats() -> None:
    rig = Rig()
    for pause in [10] * 30 + [600] * 16:
        rig.beat()
        rig.clock.advance(pause)
    rig.beat()
    assert rig.row()["heartbeat_interval_seconds"] == 600


def test_a_row_has_the_state_and_its_start() -> None:
    rig = Rig()
    rig.event("page_view")
    rig.clock.advance(5)
    row = rig.row()
    assert (row["status"], row["status_since"]) == ("unknown", "2023-11-14T12:00:00.000Z"), "since the first event"
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
def test_a_service_that_reports_in_time_has_the_reported_state(status: str) -> None:
    rig = Rig()
    rig.beat(status=status)
    assert rig.row()["status"] == status
