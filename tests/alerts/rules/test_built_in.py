"""Each built-in rule fires on what it is about, and on nothing that is as usual."""

from typing import Any

import pytest

from analytics.catalog.defaults import BUILT_IN_RULES
from tests.alerts.rules.rig import RuleRig

STEP = 15
OWN: list[tuple[str, str, dict[str, str], float, float]] = [
    ("ServiceFlapping", "analytics_service_status_changes", {"service": "shop"}, 5, 6),
    ("UnusualErrors", "analytics_unusual_errors_ratio", {"service": "shop"}, 0, 0.2),
    ("UnusualLatency", "analytics_unusual_latency_milliseconds", {"service": "shop"}, 0, 900),
    ("DiskNearlyFull", "analytics_disk_free_ratio", {}, 0.3, 0.05),
]
"""Rules over gauges of the service itself: its labels, a value that is as usual, and one that is not."""


@pytest.fixture
def rig() -> RuleRig:
    rig = RuleRig()
    rig.put("built-in", dict(BUILT_IN_RULES.body))
    return rig


def firing(rig: RuleRig) -> set[str]:
    """The names of the rules that fire."""
    return {alert.key.rule for alert in rig.alerts if alert.state == "firing"}


def pass_time(rig: RuleRig, seconds: int, each: Any = lambda: None) -> None:
    """Evaluate the rules every few seconds, after `each`."""
    for _ in range(seconds // STEP):
        each()
        rig.set(rig.rig.clock.wall() + STEP)


def test_a_service_is_stale_and_then_down(rig: RuleRig) -> None:
    for _ in range(5):
        rig.rig.beat()
        pass_time(rig, 60)
    assert firing(rig) == set()
    pass_time(rig, 90)
    assert firing(rig) == {"ServiceStale"}
    pass_time(rig, 180)
    assert firing(rig) == {"ServiceDown"}
    rig.rig.beat()
    pass_time(rig, 30)
    assert firing(rig) == set()


def test_a_heartbeat_that_never_came_back_is_told(rig: RuleRig) -> None:
    rig.rig.beat()
    pass_time(rig, 4_000)
    assert firing(rig) == {"ServiceStale", "HeartbeatNeverCameBack"}


@pytest.mark.parametrize(("name", "metric", "labels", "usual", "unusual"), OWN)
def test_what_the_service_knows_of_itself_is_told(
    rig: RuleRig, name: str, metric: str, labels: dict[str, str], usual: float, unusual: float
) -> None:
    pass_time(rig, 360, lambda: rig.gauge(metric, usual, **labels))
    assert firing(rig) == set()
    pass_time(rig, 360, lambda: rig.gauge(metric, unusual, **labels))
    assert firing(rig) == {name}


@pytest.mark.parametrize(("rejected", "expected"), [(1, set()), (20, {"IngestRefused"})])
def test_refused_records_are_told_where_they_are_many(rig: RuleRig, rejected: int, expected: set[str]) -> None:
    totals = {"accepted": 0, "rejected": 0}

    def receive() -> None:
        totals["accepted"] += 100
        totals["rejected"] += rejected
        for outcome, total in totals.items():
            rig.counter("analytics_ingest_items_total", total, kind="events", outcome=outcome)

    pass_time(rig, 300, receive)
    assert firing(rig) == expected
