"""Changes since the last tick: closed buckets and changed health, each published once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.bus import BucketClosed, HealthChanged, Notice
from analytics.records import NewHeartbeat
from analytics.snapshot.changes import ChangeDetector
from tests.state.rig import DAY, HOUR, MIDNIGHT, MINUTE, NOON, Rig


class Watched(Rig):
    """A rig with ticks, and the messages that it published."""

    def __init__(self, wall: float = NOON, *topics: type[Notice], **limits: Any) -> None:
        super().__init__(wall, **limits)
        self.published: list[Any] = []
        self.changes = ChangeDetector(self.reader, self.bus)
        for topic in topics:
            self.bus.listen(topic, self.published.append)
        self.tick()

    def tick(self, seconds: float = 0.0) -> list[Any]:
        """Let time pass, tick, and return what was published."""
        self.clock.advance(seconds)
        self.recorder.tick()
        self.changes.publish()
        published, self.published[:] = list(self.published), []
        return published


@pytest.fixture
def health() -> Watched:
    return Watched(NOON, HealthChanged)


def changed(before: str, to: str, after: float, reason: str, service: str = "shop") -> HealthChanged:
    return HealthChanged(service, before, to, NOON + after, reason)


def test_each_closed_minute_hour_and_day_is_published_once_in_order() -> None:
    rig = Watched(MIDNIGHT + 23 * HOUR + 58 * MINUTE + 58, BucketClosed)
    assert rig.tick(1) == []
    last = MIDNIGHT + DAY - MINUTE
    assert rig.tick(1) == [BucketClosed(MINUTE, last - MINUTE)]
    assert rig.tick() == []
    assert rig.tick(59.5) == []
    assert rig.tick(1) == [
        BucketClosed(MINUTE, last),
        BucketClosed(HOUR, MIDNIGHT + 23 * HOUR),
        BucketClosed(DAY, MIDNIGHT),
    ]
    assert rig.tick(1) == []


def test_all_buckets_closed_between_two_ticks_are_published() -> None:
    rig = Watched(NOON, BucketClosed)
    published = rig.tick(HOUR + 3 * MINUTE)
    assert [each.start for each in published if each.seconds == MINUTE] == list(range(NOON, NOON + 63 * MINUTE, MINUTE))
    assert [each.start for each in published if each.seconds == HOUR] == [NOON]
    assert [each.start + each.seconds for each in published] == sorted(each.start + each.seconds for each in published)


def test_after_a_long_sleep_only_kept_buckets_are_published() -> None:
    rig = Watched(NOON, BucketClosed)
    published = rig.tick(30 * DAY)
    assert sum(each.seconds == MINUTE for each in published) == 179
    assert sum(each.seconds == HOUR for each in published) == 167
    assert sum(each.seconds == DAY for each in published) == 30


def test_a_clock_that_goes_back_closes_nothing() -> None:
    rig = Watched(NOON, BucketClosed)
    rig.tick(MINUTE)
    rig.clock.set(NOON - HOUR)
    assert rig.tick() == []
    assert rig.tick(HOUR + MINUTE) == []
    assert rig.tick(MINUTE) == [BucketClosed(MINUTE, NOON + MINUTE)]


def test_a_change_of_health_is_published_once_with_its_reason(health: Watched) -> None:
    health.beat(interval=10, grace=5)
    assert health.tick() == [changed("unknown", "healthy", 0, "heartbeat reported healthy")]
    assert health.tick(15) == []
    assert health.tick(0.5) == [changed("healthy", "stale", 15, "no heartbeat for 15 s")]
    assert health.tick(1) == []
    assert health.tick(5) == [changed("stale", "down", 20, "no heartbeat for 20 s")]
    assert health.tick(HOUR) == []
    health.beat(status="degraded", message="disk nearly full")
    (published,) = health.tick(1)
    assert (published.before, published.to) == ("down", "degraded")
    assert published.reason == "heartbeat reported degraded: disk nearly full"


def test_all_changes_between_two_ticks_are_published_in_order(health: Watched) -> None:
    health.beat("b")
    health.clock.advance(1)
    health.beat("a")
    health.clock.advance(1)
    health.beat("b", "unhealthy")
    health.clock.advance(1)
    health.beat("b")
    assert [(each.service, each.before, each.to, each.at - NOON) for each in health.tick()] == [
        ("b", "unknown", "healthy", 0),
        ("a", "unknown", "healthy", 1),
        ("b", "healthy", "unhealthy", 2),
        ("b", "unhealthy", "healthy", 3),
    ]


def test_a_heartbeat_applied_late_reverts_a_published_change(health: Watched) -> None:
    health.beat(interval=10, grace=5)
    health.tick()
    assert [each.to for each in health.tick(16)] == ["stale"]
    health.recorder.replay("heartbeats", NOON + 14, "", (NewHeartbeat("shop", "healthy"),))
    (published,) = health.tick(0.5)
    assert (published.before, published.to, published.at) == ("stale", "healthy", NOON)


def test_changes_before_the_first_tick_are_not_published() -> None:
    rig = Watched(NOON)
    rig.beat(interval=10, grace=5)
    rig.tick(16)
    rig.bus.listen(HealthChanged, rig.published.append)
    rig.bus.listen(BucketClosed, rig.published.append)
    assert rig.tick() == []
    assert [each.to for each in rig.tick(10)] == ["down"]


def test_without_a_listener_nothing_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Watched(NOON)
    monkeypatch.setattr(rig.reader, "ask", None)
    rig.tick(1)


STEPS = st.lists(
    st.tuples(st.sampled_from(["beat", "tick", "wait"]), st.sampled_from(["a", "b"]), st.integers(1, 200)), max_size=40
)


@given(STEPS)
def test_published_changes_add_up_to_the_history(steps: list[tuple[str, str, int]]) -> None:
    states = ["healthy", "degraded", "unhealthy", "maintenance"]
    watched, alone = Watched(NOON, HealthChanged, BucketClosed), Rig(NOON)
    alone.recorder.own_ids.restore(*watched.recorder.own_ids.dump())
    published: list[HealthChanged] = []
    for what, service, number in [*steps, ("tick", "a", 1)]:
        if what == "beat":
            for rig in (watched, alone):
                rig.clock.advance(0.001)  # equal changes at the same instant count as one
                rig.beat(service, states[number % 4], interval=20, grace=10)
        elif what == "wait":
            for rig in (watched, alone):
                rig.clock.advance(number)
        else:
            published += [each for each in watched.tick() if isinstance(each, HealthChanged)]
    for service in watched.state.services.all():
        mine = [(each.to, each.at, each.reason) for each in published if each.service == service.name]
        assert mine == list(map(tuple, service.changes(watched.clock.wall())))
        other = alone.state.services.get(service.name)
        assert other is not None
        alone.recorder.tick()
        assert service.dump() == other.dump()
