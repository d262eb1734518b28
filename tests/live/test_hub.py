"""The hub: each client gets what it subscribed to, in order, and each message is encoded once."""

from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.jobs.supervisor import Supervisor
from analytics.live import hub
from analytics.live.commands import options_in_query
from analytics.live.delivery import RECORDS_ERASED, Closing
from analytics.live.event_batches import EVENT_BATCH_SIZE
from analytics.live.hub import PING_INTERVAL, YIELD_EVERY, Hub
from analytics.live.outbox import MAX_EVENTS, OutboxContents
from analytics.live.subscription import Subscription
from analytics.live.wire.encoding import json_text
from tests.fakes import FakeClock
from tests.live.stage import DeadConnection, Stage, kinds
from tests.live.test_patch import applied
from tests.state.rig import event


def test_a_snapshot_then_updates_and_events() -> None:
    stage = Stage()
    client = stage.join()
    stage.event("purchase")
    stage.tick()
    stage.event("refund")
    messages = stage.received(client)
    assert kinds(messages) == ["snapshot", "event", "dashboard_update", "event"]
    assert messages[0]["data"]["overview"]["total_requests"] == 0
    assert [message["data"]["type"] for message in messages if message["type"] == "event"] == ["purchase", "refund"]
    first = stage.state.events.oldest_sequence
    assert [message["seq"] for message in messages] == [first - 1, first, first, first + 1]


def test_a_client_does_not_get_events_that_its_snapshot_covers() -> None:
    stage = Stage()
    first = stage.join()
    stage.event("purchase")
    second = stage.join()
    assert kinds(stage.received(first)) == ["snapshot", "event"]
    assert kinds(stage.received(second)) == ["snapshot"]


def test_a_client_that_left_gets_nothing_and_is_not_counted() -> None:
    stage = Stage()
    client = stage.join()
    stage.received(client)
    stage.commands.leave(client)
    stage.event("purchase")
    assert stage.received(client) == []
    assert len(stage.hub) == 0


def test_clients_get_the_events_they_subscribed_to() -> None:
    stage = Stage()
    queries = ["", "events=none", "events=purchase", "events=purchase,refund&service=shop", "service=cart"]
    clients = [stage.join(query) for query in queries]
    for client in clients:
        stage.received(client)
    stage.events(event("purchase"), event("refund"), event("refund", "cart"), event("search"))
    received = [[(m["data"]["type"], m["data"]["service"]) for m in stage.received(client)] for client in clients]
    everything = [("purchase", "shop"), ("refund", "shop"), ("refund", "cart"), ("search", "shop")]
    assert received == [everything, [], everything[:1], everything[:2], everything[2:3]]


def test_clients_with_equal_topics_share_the_encoded_bytes() -> None:
    stage = Stage()
    clients = [stage.join("events=purchase") for _ in range(2)]
    for client in clients:
        stage.received(client)
    stage.event("purchase")
    stage.hub.flush()
    backlogs = [client.outbox.take() for client in clients]
    (first,), (second,) = (list(backlog.batches) for backlog in backlogs)
    assert first is second
    assert first.encoded(json_text) is second.encoded(json_text)


def test_a_slow_client_learns_how_many_events_were_dropped() -> None:
    stage = Stage(events_ring=5_000)
    slow, quick = stage.join(), stage.join("events=none")
    stage.received(slow)
    stage.received(quick)
    for _ in range(5):
        stage.events(*(event("search") for _ in range(MAX_EVENTS // 2)))
        stage.hub.flush()
    messages = stage.received(slow)
    assert [message.get("dropped") for message in messages[:2]] == [3 * MAX_EVENTS // 2, None]
    assert messages[-1]["seq"] == stage.state.events.last_sequence
    assert len(messages) + messages[0]["dropped"] == 5 * MAX_EVENTS // 2
    assert stage.drops == 3 * MAX_EVENTS // 2
    assert stage.received(quick) == []


def test_only_the_newest_events_are_sent_if_an_outbox_overflows() -> None:
    stage = Stage()
    client = stage.join()
    stage.received(client)
    stage.events(*(event("search") for _ in range(3 * MAX_EVENTS)))
    messages = stage.received(client)
    assert (len(messages), messages[0]["dropped"]) == (MAX_EVENTS, 2 * MAX_EVENTS)
    assert messages[-1]["seq"] == stage.state.events.last_sequence


def test_a_client_that_joins_while_too_many_events_are_pending_learns_the_drops_after_its_snapshot() -> None:
    stage = Stage()
    stage.received(stage.join())
    stage.events(*(event("search") for _ in range(5)))
    late = stage.join()
    stage.events(*(event("search") for _ in range(MAX_EVENTS + 7)))
    later = stage.join()
    stage.events(*(event("search") for _ in range(150)))
    stage.hub.flush()
    for client, left_out in ((late, 157), (later, 0)):
        backlog = client.outbox.take()
        snapshot, *parts = backlog.batches
        assert backlog.dropped == left_out
        assert all(len(part) <= EVENT_BATCH_SIZE for part in parts)
        messages = [message for part in parts for message in part.messages]
        assert (messages[0].seq or 0) - (snapshot.messages[0].seq or 0) - 1 == left_out
        assert messages[-1].seq == stage.state.events.last_sequence
    assert stage.drops == 157 + 162


@pytest.mark.parametrize("query", ["", "updates=patch"])
def test_a_client_that_restarts_during_a_broadcast_gets_nothing_older_after_its_snapshot(query: str) -> None:
    stage = Stage()
    clients = [stage.join(query) for _ in range(YIELD_EVERY + 2)]
    stage.tick()
    for client in clients:
        stage.received(client)
    since = stage.initial.newest
    broadcast = gevent.spawn(stage.tick)
    gevent.sleep(0)  # it has been sent to some clients, and not yet to the others
    stage.event("purchase")
    for client in clients:
        stage.commands.subscribe(client, {"since": since})
    broadcast.join()
    for client in clients:
        messages = stage.received(client)
        assert kinds(messages) == ["event", "snapshot"]
        assert [message["seq"] for message in messages] == [since + 1] * 2
    stage.tick()
    assert all("data" in stage.received(client)[0] for client in clients), "a patch would be against the update before"


def test_each_client_is_pinged_once_in_a_round_and_never_many_at_once() -> None:
    hub = Hub(lambda _: None, Supervisor(FakeClock()))
    connections = [DeadConnection() for _ in range(2 * PING_INTERVAL)]
    clients = [hub.join(Subscription(), connection, 0) for connection in connections]
    for turn in range(1, PING_INTERVAL + 1):
        hub.ping()
        assert sum(connection.pings for connection in connections) == 2 * turn
    assert {connection.pings for connection in connections} == {1}
    hub.leave(clients[0])
    for _ in range(PING_INTERVAL):
        hub.ping()
    assert [connection.pings for connection in connections[:2]] == [1, 2]


Step = tuple[str, int]
STEPS = st.lists(st.tuples(st.sampled_from(["event", "beat", "tick", "read", "other"]), st.integers(0, 4)), max_size=25)


@given(STEPS)
def test_patches_add_up_to_the_full_updates(steps: list[Step]) -> None:
    stage = Stage()
    full, patched, late = stage.join("events=none"), stage.join("events=none&updates=patch"), None
    document: dict[str, Any] = {}
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
            expected = stage.received(full)
            for message in stage.received(patched):
                document = applied(document, message["patch"]) if "patch" in message else message["data"]
            if expected and expected[-1]["type"] == "dashboard_update":
                assert document == expected[-1]["data"]


def test_a_client_that_wants_patches_gets_a_full_update_first() -> None:
    stage = Stage()
    stage.beat()
    client = stage.join("updates=patch")
    for _ in range(3):
        stage.tick()
        stage.received(client)
    stage.tick()
    (message,) = stage.received(client)
    assert set(message) == {"type", "seq", "patch"}
    assert "updated_at" in message["patch"]


def test_a_client_that_missed_an_update_gets_a_full_one() -> None:
    stage = Stage()
    client = stage.join("updates=patch")
    for _ in range(3):
        stage.tick()
        stage.received(client)
    stage.tick()
    stage.tick()
    (message,) = stage.received(client)
    assert "data" in message
    stage.tick()
    assert "patch" in stage.received(client)[0]


class Ready(DeadConnection):
    """A connection that takes everything at once, or nothing while it is slow."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.is_ready = b"", True
        self.closed: Closing | None = None

    def push(self, data: bytes) -> bool:
        self.sent += data
        return True

    def send(self, backlog: OutboxContents) -> None:
        if not self.is_ready:
            gevent.sleep(60)
        self.sent += b"".join(backlog.encode_each(json_text))

    def close(self, closing: Closing) -> None:
        self.closed = closing


def test_erased_events_are_not_sent_and_slow_clients_are_disconnected() -> None:
    stage = Stage()
    quick, slow = Ready(), Ready()
    for connection in (quick, slow):
        stage.commands.join(options_in_query(""), connection).delivery.flush()
    gevent.sleep(0)
    stage.events(event(user_id="before"))
    slow.is_ready = False
    stage.hub.flush()
    gevent.sleep(0)
    stage.events(event(user_id="alice"), event(user_id="bob"))
    stage.hub.erase(stage.recorder.erase(["alice"], "ops").users)
    stage.hub.flush()
    gevent.sleep(0)
    assert (quick.closed, slow.closed) == (None, RECORDS_ERASED)
    assert b"bob" in quick.sent
    assert b"alice" not in quick.sent + slow.sent


def test_slow_clients_are_disconnected_though_nothing_in_memory_names_the_user() -> None:
    stage = Stage()
    slow = Ready()
    stage.commands.join(options_in_query(""), slow).delivery.flush()
    gevent.sleep(0)
    slow.is_ready = False
    stage.events(event(user_id="alice"))
    stage.hub.flush()
    stage.hub.erase({"alice"})
    gevent.sleep(0)
    assert slow.closed is RECORDS_ERASED


def test_an_erasure_during_a_broadcast_holds_for_the_clients_still_to_be_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage()
    first, second = Ready(), Ready()
    for connection in (first, second):
        stage.commands.join(options_in_query(""), connection).delivery.flush()
    gevent.sleep(0)
    stage.events(event(user_id="alice"), event(user_id="bob"))
    monkeypatch.setattr(hub, "YIELD_EVERY", 1)
    monkeypatch.setattr(hub, "yield_to_others", lambda: stage.hub.erase({"alice"}))
    stage.hub.publish_update(lambda: (b'{"of":"alice"}', 2))
    gevent.sleep(0)
    assert b"alice" in first.sent
    assert (b"alice" in second.sent, b"bob" in second.sent) == (False, True)
