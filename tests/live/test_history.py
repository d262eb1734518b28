"""Events that are older than a minute when they are received are not sent to live clients."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.live.subscription import Subscription
from tests.live.stage import Stage, kinds
from tests.state.rig import event


def test_events_older_than_a_minute_count_but_are_not_sent() -> None:
    stage = Stage()
    client = stage.join()
    stage.received(client)
    now = stage.clock.wall()
    stage.events(event("old", at=now - 61), event("recent", at=now - 59), event("ahead", at=now + 30), event("new"))
    received = stage.received(client)
    assert [message["data"]["type"] for message in received] == ["recent", "ahead", "new"]
    stage.tick()
    assert kinds(stage.received(client)) == ["dashboard_update"]
    assert stage.stats()["totals"]["events"] == 4
    assert stage.drops == 0


def test_an_import_of_old_events_drops_nothing() -> None:
    stage = Stage()
    clients = [stage.join() for _ in range(30)]
    now = stage.clock.wall()
    for start in range(0, 20_000, 1_000):
        stage.events(*(event("old", at=now - 3_600 - start - number) for number in range(1_000)))
    for client in clients:
        assert kinds(stage.received(client)) == ["snapshot"]
    assert stage.drops == 0
    assert stage.overview["total_requests"] == 0
    assert stage.stats()["totals"]["events"] == 20_000


@given(st.lists(st.lists(st.integers(-300, 290), min_size=1, max_size=20), max_size=10))
def test_missed_events_exclude_those_that_were_old_when_received(batches: list[list[int]]) -> None:
    stage = Stage()
    seq = stage.initial.newest
    expected = []
    for ages in batches:
        now = stage.clock.wall()
        stage.events(*(event("e", at=now - age, id=None) for age in ages))
        expected += [age for age in ages if age <= 60]
        stage.clock.advance(1)
    messages = [message for batch in stage.initial.batches(Subscription().topics, seq) for message in batch.messages]
    assert [message.kind for message in messages] == ["event"] * len(expected) + ["snapshot"]
