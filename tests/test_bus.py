"""The bus: in order, bounded, counted, and subscribers do not affect each other."""

import logging
from collections import Counter

import gevent
import pytest

from analytics.bus import BatchRecorded, BucketClosed, Bus, HealthChanged, Notice
from analytics.records import Kept
from tests.state.rig import NOON, Rig, event, metric

PATIENCE = 30


class Drops(Counter[str]):
    """Dropped messages by reason."""

    def count(self, reason: str, number: int) -> None:
        self[reason] += number


@pytest.fixture
def drops() -> Drops:
    return Drops()


@pytest.fixture
def bus(drops: Drops) -> Bus:
    return Bus(drops.count)


def minute(number: int) -> BucketClosed:
    return BucketClosed(60, 60 * number)


def test_a_subscriber_gets_its_topics_in_order(bus: Bus) -> None:
    health = HealthChanged("shop", "healthy", "down", 1.0, "no heartbeat for 5 min")
    recorded = BatchRecorded("events", Kept((), 0.0, "", ""), 7)
    with bus.subscribe("alerts", BucketClosed, HealthChanged) as inbox:
        for message in (minute(1), recorded, health, minute(2)):
            bus.publish(message)
        found = iter(inbox)
        assert [next(found) for _ in range(len(inbox))] == [minute(1), health, minute(2)]


def test_a_subscriber_waits_for_messages(bus: Bus) -> None:
    with bus.subscribe("alerts", BucketClosed) as inbox:
        waiting = gevent.spawn(next, iter(inbox))
        gevent.sleep(0)
        bus.publish(minute(1))
        assert waiting.get(timeout=PATIENCE) == minute(1)


def test_messages_without_room_are_dropped_and_counted_for_that_subscriber_only(bus: Bus, drops: Drops) -> None:
    with bus.subscribe("slow", BucketClosed, limit=3) as slow, bus.subscribe("roomy", BucketClosed) as roomy:
        for number in range(10):
            bus.publish(minute(number))
        assert drops == {"bus_slow": 7}
        assert (len(slow), len(roomy)) == (3, 10)
        found = iter(slow)
        assert [next(found) for _ in range(3)] == [minute(0), minute(1), minute(2)]
        bus.publish(minute(10))
        assert next(found) == minute(10)


def test_a_subscriber_that_dies_is_forgotten(bus: Bus, drops: Drops) -> None:
    def work() -> None:
        with bus.subscribe("mortal", BucketClosed, HealthChanged, limit=1) as inbox:
            for _ in inbox:
                raise RuntimeError("a fault that the test put there")

    working = gevent.spawn(work)
    with bus.subscribe("other", BucketClosed) as other:
        gevent.sleep(0)
        bus.publish(minute(1))
        working.join(PATIENCE)
        assert not bus.has_listeners(HealthChanged)
        bus.publish(minute(2))
        bus.publish(minute(3))
        assert len(other) == 3
    assert not bus.has_listeners(BucketClosed)
    assert drops == {}


def test_a_failing_listener_is_logged_and_affects_no_other(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    received: list[Notice] = []

    def faulty(message: BucketClosed) -> None:
        raise RuntimeError("a fault that the test put there")

    bus.listen(BucketClosed, faulty)
    bus.listen(BucketClosed, received.append)
    with caplog.at_level(logging.ERROR):
        bus.publish(minute(1))
    assert received == [minute(1)]
    assert [record.getMessage() for record in caplog.records] == ["a listener failed to handle BucketClosed"]


def test_messages_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        minute(1).start = 5  # type: ignore[misc]


def test_recorded_items_are_published_by_kind_with_their_number() -> None:
    rig, received = Rig(NOON), list[BatchRecorded]()
    rig.bus.listen(BatchRecorded, received.append)
    rig.events(event("a", id="1"), event("b", id="2"))
    rig.events(event("a", id="1"), event("c", id="3"))
    rig.event("b", id="2")
    rig.metrics(metric("cpu", 1), metric("cpu", 2))
    rig.beat()
    last = rig.state.events.last_sequence
    assert [(each.kind, len(each.kept.records), each.last) for each in received] == [
        ("events", 2, last - 1),
        ("events", 1, last),
        ("metrics", 2, 2),
        ("heartbeats", 1, 0),
    ]
    assert [each.type for each in received[1].kept.records] == ["c"]


def test_replayed_entries_are_not_published() -> None:
    rig, received = Rig(NOON), list[BatchRecorded]()
    rig.bus.listen(BatchRecorded, received.append)
    rig.recorder.replay("events", NOON + 1, rig.recorder.own_ids.prefix(), (event(),))
    assert rig.stats()["totals"]["events"] == 1
    assert received == []


def test_a_listener_that_fails_does_not_fail_the_request() -> None:
    rig = Rig(NOON)
    rig.bus.listen(BatchRecorded, lambda _: 1 / 0)
    rig.event(id="1")
    assert rig.event(id="1").duplicate
