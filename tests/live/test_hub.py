"""The hub: everyone is told what they want, in order, each message made once."""

from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.jobs.supervisor import Supervisor
from analytics.live.hub import PIECE_EVENTS, PINGS_APART, TURN, Hub
from analytics.live.messages import as_json
from analytics.live.outbox import EVENTS
from analytics.live.subscription import Subscription
from tests.fakes import FakeClock
from tests.live.stage import DeadLine, Stage, kinds
from tests.live.test_patch import applied
from tests.state.rig import event


def test_a_snapshot_then_updates_and_events() -> None:
    stage = Stage()
    client = stage.join()
    stage.event("purchase")
    stage.tick()
    stage.event("refund")
    messages = stage.told(client)
    assert kinds(messages) == ["snapshot", "event", "dashboard_update", "event"]
    assert messages[0]["data"]["overview"]["total_requests"] == 0
    assert [message["data"]["type"] for message in messages if message["type"] == "event"] == ["purchase", "refund"]
    first = stage.state.events.oldest_sequence
    assert [message["seq"] for message in messages] == [first - 1, first, first, first + 1]


def test_a_client_is_not_told_what_its_snapshot_knows_already() -> None:
    stage = Stage()
    first = stage.join()
    stage.event("purchase")
    second = stage.join()
    assert kinds(stage.told(first)) == ["snapshot", "event"]
    assert kinds(stage.told(second)) == ["snapshot"]


def test_who_left_is_told_nothing_and_counts_no_more() -> None:
    stage = Stage()
    client = stage.join()
    stage.told(client)
    stage.commands.leave(client)
    stage.event("purchase")
    assert stage.told(client) == []
    assert len(stage.hub) == 0


def test_clients_are_told_what_they_want() -> None:
    stage = Stage()
    queries = ["", "events=none", "events=purchase", "events=purchase,refund&service=shop", "service=cart"]
    clients = [stage.join(query) for query in queries]
    for client in clients:
        stage.told(client)
    stage.events(event("purchase"), event("refund"), event("refund", "cart"), event("search"))
    told = [[(m["data"]["type"], m["data"]["service"]) for m in stage.told(client)] for client in clients]
    everything = [("purchase", "shop"), ("refund", "shop"), ("refund", "cart"), ("search", "shop")]
    assert told == [everything, [], everything[:1], everything[:2], everything[2:3]]


def test_equal_wishes_share_the_bytes() -> None:
    stage = Stage()
    clients = [stage.join("events=purchase") for _ in range(2)]
    for client in clients:
        stage.told(client)
    stage.event("purchase")
    stage.hub.flush()
    parcels = [client.outbox.take() for client in clients]
    (first,), (second,) = (list(parcel.pieces) for parcel in parcels)
    assert first is second
    assert first.frames(as_json) is second.frames(as_json)


def test_who_does_not_keep_up_is_told_how_much_it_missed() -> None:
    stage = Stage(events_ring=5_000)
    slow, quick = stage.join(), stage.join("events=none")
    stage.told(slow)
    stage.told(quick)
    for _ in range(5):
        stage.events(*(event("search") for _ in range(EVENTS // 2)))
        stage.hub.flush()
    messages = stage.told(slow)
    assert [message.get("dropped") for message in messages[:2]] == [3 * EVENTS // 2, None]
    assert messages[-1]["seq"] == stage.state.events.last_sequence
    assert len(messages) + messages[0]["dropped"] == 5 * EVENTS // 2
    assert stage.drops == 3 * EVENTS // 2
    assert stage.told(quick) == []


def test_a_batch_beyond_all_bounds_leaves_its_newest_events() -> None:
    stage = Stage()
    client = stage.join()
    stage.told(client)
    stage.events(*(event("search") for _ in range(3 * EVENTS)))
    messages = stage.told(client)
    assert (len(messages), messages[0]["dropped"]) == (EVENTS, 2 * EVENTS)
    assert messages[-1]["seq"] == stage.state.events.last_sequence


def test_who_comes_while_too_many_events_wait_is_told_exactly_what_it_misses_of_those_after_its_snapshot() -> None:
    stage = Stage()
    stage.told(stage.join())
    stage.events(*(event("search") for _ in range(5)))
    late = stage.join()
    stage.events(*(event("search") for _ in range(EVENTS + 7)))
    later = stage.join()
    stage.events(*(event("search") for _ in range(150)))
    stage.hub.flush()
    for client, left_out in ((late, 157), (later, 0)):
        parcel = client.outbox.take()
        snapshot, *parts = parcel.pieces
        assert parcel.dropped == left_out
        assert all(len(part) <= PIECE_EVENTS for part in parts)
        messages = [message for part in parts for message in part.messages]
        assert (messages[0].seq or 0) - (snapshot.messages[0].seq or 0) - 1 == left_out
        assert messages[-1].seq == stage.state.events.last_sequence
    assert stage.drops == 157 + 162


@pytest.mark.parametrize("query", ["", "updates=patch"])
def test_a_client_that_begins_anew_while_an_update_is_told_gets_nothing_older_behind_its_snapshot(query: str) -> None:
    stage = Stage()
    clients = [stage.join(query) for _ in range(TURN + 2)]
    stage.tick()
    for client in clients:
        stage.told(client)
    since = stage.openings.newest
    telling = gevent.spawn(stage.tick)
    gevent.sleep(0)  # some are told by now, and the others not yet
    stage.event("purchase")
    for client in clients:
        stage.commands.subscribe(client, {"since": since})
    telling.join()
    for client in clients:
        messages = stage.told(client)
        assert kinds(messages) == ["event", "snapshot"]
        assert [message["seq"] for message in messages] == [since + 1] * 2
    stage.tick()
    assert all("data" in stage.told(client)[0] for client in clients), "a patch would be against the update before"


def test_each_client_is_pinged_once_in_a_round_and_never_many_at_once() -> None:
    hub, lines = Hub(lambda _: None, Supervisor(FakeClock())), [DeadLine() for _ in range(2 * PINGS_APART)]
    clients = [hub.join(Subscription(), line, 0) for line in lines]
    for turn in range(1, PINGS_APART + 1):
        hub.ping()
        assert sum(line.pings for line in lines) == 2 * turn
    assert {line.pings for line in lines} == {1}
    hub.leave(clients[0])
    for _ in range(PINGS_APART):
        hub.ping()
    assert [line.pings for line in lines[:2]] == [1, 2]


Step = tuple[str, int]
STEPS = st.lists(st.tuples(st.sampled_from(["event", "beat", "tick", "read", "other"]), st.integers(0, 4)), max_size=25)


@given(STEPS)
def test_patches_add_up_to_the_full_updates(steps: list[Step]) -> None:
    stage = Stage()
    full, patched, late = stage.join("events=none"), stage.join("events=none&updates=patch"), None
    shown: dict[str, Any] = {}
    for what, number in [*steps, ("tick", 0), ("read", 0), ("tick", 0), ("read", 0)]:
        if what == "event":
            stage.event("request", f"service-{number}", data={"status": 200 + 100 * number, "latency": number})
        elif what == "beat":
            stage.beat(f"service-{number}", request_count=number)
        elif what == "tick":
            stage.tick()
        elif what == "other" and late is None:
            late = stage.join("updates=patch")
        else:
            expected = stage.told(full)
            for message in stage.told(patched):
                shown = applied(shown, message["patch"]) if "patch" in message else message["data"]
            if expected and expected[-1]["type"] == "dashboard_update":
                assert shown == expected[-1]["data"]


def test_a_patch_client_gets_patches_and_first_of_all_something_to_patch() -> None:
    stage = Stage()
    stage.beat()
    client = stage.join("updates=patch")
    for _ in range(3):
        stage.tick()
        stage.told(client)
    stage.tick()
    (message,) = stage.told(client)
    assert set(message) == {"type", "seq", "patch"}
    assert "updated_at" in message["patch"]


def test_a_patch_client_that_missed_an_update_gets_a_full_one() -> None:
    stage = Stage()
    client = stage.join("updates=patch")
    for _ in range(3):
        stage.tick()
        stage.told(client)
    stage.tick()
    stage.tick()
    (message,) = stage.told(client)
    assert "data" in message
    stage.tick()
    assert "patch" in stage.told(client)[0]
