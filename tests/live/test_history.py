"""History is no news: events that are older than a minute when they come in are not sent to live clients."""

from hypothesis import given
from hypothesis import strategies as st

from analytics.live.subscription import Subscription
from tests.live.stage import Stage, kinds
from tests.state.rig import event


def test_events_older_than_a_minute_count_but_are_not_sent() -> None:
    stage = Stage()
    client = stage.join()
    stage.told(client)
    now = stage.clock.wall()
    stage.events(event("old", at=now - 61), event("recent", at=now - 59), event("ahead", at=now + 30), event("new"))
    told = stage.told(client)
    assert [message["data"]["type"] for message in told] == ["recent", "ahead", "new"]
    stage.tick()
    assert kinds(stage.told(client)) == ["dashboard_update"]
    assert stage.stats()["totals"]["events"] == 4
    assert stage.drops == 0


def test_an_import_of_the_past_drops_nothing() -> None:
    stage = Stage()
    clients = [stage.join() for _ in range(30)]
    now = stage.clock.wall()
    for start in range(0, 20_000, 1_000):
        stage.events(*(event("old", at=now - 3_600 - start - number) for number in range(1_000)))
    for client in clients:
        assert kinds(stage.told(client)) == ["snapshot"]
    assert stage.drops == 0
    assert stage.overview["total_requests"] == 0
    assert stage.stats()["totals"]["events"] == 20_000


@given(st.lists(st.lists(st.integers(-300, 290), min_size=1, max_size=20), max_size=10))
def test_what_a_client_missed_is_told_without_history(batches: list[list[int]]) -> None:
    stage = Stage()
    seq = stage.openings.newest
    expected = []
    for ages in batches:
        now = stage.clock.wall()
        stage.events(*(event("e", at=now - age, id=None) for age in ages))
        expected += [age for age in ages if age <= 60]
        stage.clock.advance(1)
    told = [message for piece in stage.openings.of(Subscription().wanted, seq) for message in piece.messages]
    assert [message.kind for message in told] == ["event"] * len(expected) + ["snapshot"]
