"""Services that are unusual in the snapshot, and in the own metrics."""

from typing import Any

import msgspec

from analytics.snapshot.source import SnapshotSource
from analytics.snapshot.unusual import BASELINES_AT_ONCE, EVERY_SECONDS
from tests.state.rig import HOUR, MINUTE, NOON, Rig, event


class Watched(Rig):
    """A rig with a snapshot source."""

    def __init__(self) -> None:
        super().__init__()
        self.source = SnapshotSource(self.state, self.reader, lambda: 0)

    def requests(self, ago: float, good: int, bad: int = 0, latency: float = 40.0, service: str = "web") -> None:
        """Record requests of some seconds ago."""
        at = self.clock.wall() - ago
        sent = [(200, good), (500, bad)]
        taken = self.events(
            *(
                event("request", service, at=at, data={"status": status, "latency": latency})
                for status, number in sent
                for _ in range(number)
            )
        )
        assert taken.accepted == good + bad

    def hour(self, service: str = "web", latency: float = 40.0) -> None:
        """Record the hour before: 20 requests in every second minute."""
        for minutes in range(6, 40, 2):
            self.requests(minutes * MINUTE, 20, 0, latency, service)

    def shown(self) -> dict[str, Any]:
        """The snapshot, a few seconds later."""
        self.clock.advance(EVERY_SECONDS)
        self.recorder.tick()
        found: dict[str, Any] = msgspec.json.decode(self.source.current())
        return found

    def reported(self) -> dict[str, dict[tuple[str, ...], float]]:
        """The own metrics."""
        self.source.look()
        return {family.name: dict(family.values) for family in self.source.unusual.families()}


def test_errors_beyond_the_day_before_are_unusual() -> None:
    rig = Watched()
    for hours in range(2, 12):
        rig.requests(hours * HOUR, 198, 2)
    rig.requests(0, 70, 30)
    shown = rig.shown()
    assert shown["unusual"] == {
        "web": {
            "errors": {"share": 0.3, "usual": 0.01, "count": 30, "seconds": 180, "since": "2023-11-14T12:00:00Z"},
            "latency": None,
        }
    }
    assert shown["usual"]["error_rate"] == {"value": 1.0, "median_of": "hours"}
    assert shown["usual"]["mean_latency_ms"] == {"value": 40.0, "median_of": "hours"}


def test_a_slow_service_is_unusual_beside_its_hour_and_only_it() -> None:
    rig = Watched()
    for service in ("slow", "busy"):
        rig.hour(service)
    for minutes in (2, 1, 0):
        rig.requests(minutes * MINUTE, 20, 0, 212, "slow")
        rig.requests(minutes * MINUTE, 20, 0, 41, "busy")
    assert rig.shown()["unusual"] == {"slow": {"errors": None, "latency": {"now_ms": 212.0, "usual_ms": 40.0}}}


def test_what_is_over_leaves_the_snapshot_and_is_reported_as_0() -> None:
    rig = Watched()
    rig.hour()
    rig.requests(0, 10, 10)
    assert rig.shown()["unusual"]["web"]["errors"]["share"] == 0.5
    assert rig.reported()["unusual_errors_ratio"] == {("web",): 0.5}
    rig.clock.advance(4 * MINUTE)
    rig.requests(0, 20)
    assert rig.shown()["unusual"] == {}
    assert rig.reported() == {
        "unusual_errors_ratio": {("web",): 0.0},
        "unusual_latency_milliseconds": {("web",): 0.0},
    }


def test_without_anything_before_the_usual_is_unknown() -> None:
    rig = Watched()
    unknown = {"value": None, "median_of": None}
    assert set(map(str, rig.shown()["usual"].values())) == {str(unknown)}
    rig.requests(0, 5, 45)
    assert rig.shown()["unusual"]["web"]["errors"] == {
        "share": 0.9,
        "usual": None,
        "count": 45,
        "seconds": 180,
        "since": None,
    }


def test_the_usual_is_that_before_the_trouble() -> None:
    rig = Watched()
    for hours in (12, 11, 10):
        rig.requests(hours * HOUR, 100)
    rig.clock.advance(-9 * HOUR)
    rig.beat("web", "degraded")
    rig.clock.advance(9 * HOUR)
    for hours in range(1, 9):
        rig.requests(hours * HOUR, 50, 50)
    assert rig.shown()["usual"]["error_rate"]["value"] == 0


def test_metrics_are_reported_without_anybody_who_looks_at_the_snapshot() -> None:
    rig = Watched()
    rig.hour()
    rig.requests(0, 10, 10)
    assert rig.reported()["unusual_errors_ratio"] == {("web",): 0.5}


def test_many_new_services_are_looked_at_one_after_the_other() -> None:
    rig = Watched()
    names = [f"s{number}" for number in range(2 * BASELINES_AT_ONCE)]
    for name in names:
        rig.hour(name)
        rig.requests(0, 25, 0, 300, name)
    assert len(rig.shown()["unusual"]) == BASELINES_AT_ONCE
    assert len(rig.shown()["unusual"]) == 2 * BASELINES_AT_ONCE


def test_a_look_every_few_seconds_is_enough() -> None:
    rig = Watched()
    rig.clock.set(NOON + EVERY_SECONDS)
    assert msgspec.json.decode(rig.source.current())["unusual"] == {}
    rig.requests(0, 0, 50)
    assert msgspec.json.decode(rig.source.current())["unusual"] == {}
    assert list(rig.shown()["unusual"]) == ["web"]
