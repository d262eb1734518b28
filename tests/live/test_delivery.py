"""Delivery: at once where the client keeps up, by a greenlet where it is slow, and no more once it is closed."""

import gevent
import pytest
from gevent.event import Event

from analytics.live.delivery import FAILED, NO_ACCESS, RECORDS_ERASED, STOPPING, Closing, Delivery
from analytics.live.messages import Message, MessageBatch
from analytics.live.outbox import Outbox, OutboxContents
from analytics.live.wire.encoding import json_text


class FakeConnection:
    """A connection whose client receives everything, a part, or nothing, as the test says."""

    def __init__(self) -> None:
        self.encode = json_text
        self.is_ready = True
        self.keeps_up = True
        self.writable = Event()
        self.writable.set()
        self.pushed: list[bytes] = []
        self.sent: list[bytes] = []
        self.closed = self.pings = self.sends = 0
        self.error: Exception | None = None
        self.closing: Closing | None = None

    def push(self, data: bytes) -> bool:
        self.pushed.append(data)
        return self.keeps_up

    def send(self, backlog: OutboxContents) -> None:
        self.writable.wait()
        if self.error is not None:
            raise self.error
        self.sends += 1
        self.sent += backlog.encode_each(json_text)

    def ping(self) -> bool:
        self.pings += 1
        return self.keeps_up

    def close(self, closing: Closing) -> None:
        self.closed += 1
        self.closing = closing


class Rig:
    """An outbox, its connection, and the delivery between them."""

    def __init__(self) -> None:
        self.outbox, self.connection = Outbox(), FakeConnection()
        self.delivery = Delivery(self.outbox, self.connection)

    def send(self, kind: str) -> None:
        self.outbox.add_update(MessageBatch([Message(kind, 0, b"{}")]))
        self.delivery.flush()


def kinds(texts: list[bytes]) -> list[str]:
    return [text.decode().split('"')[3] for text in texts]


def settle() -> None:
    for _ in range(5):
        gevent.sleep(0)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_client_that_keeps_up_is_sent_to_at_once_without_a_greenlet(rig: Rig) -> None:
    rig.send("a")
    assert kinds(rig.connection.pushed) == ["a"]
    settle()
    assert rig.connection.sent == []


def test_a_slow_client_gets_the_newest_update_once_it_receives_again(rig: Rig) -> None:
    rig.connection.keeps_up = False
    rig.connection.writable.clear()
    rig.send("a")  # a part of it is sent
    settle()
    for kind in "bcd":
        rig.send(kind)
    assert kinds(rig.connection.pushed) == ["a"], "nothing is pushed while the writer sends"
    rig.connection.writable.set()
    settle()
    assert kinds(rig.connection.sent) == ["d"]
    rig.connection.keeps_up = True
    rig.send("e")
    assert kinds(rig.connection.pushed) == ["a", "e"]


def test_initial_messages_are_sent_by_the_writer(rig: Rig) -> None:
    rig.outbox.add_initial(iter([MessageBatch([Message("snapshot", 0, b"{}")])]))
    rig.send("a")
    assert rig.connection.pushed == []
    settle()
    assert kinds(rig.connection.sent) == ["snapshot", "a"]


def test_a_connection_that_is_not_ready_is_not_pushed_to(rig: Rig) -> None:
    rig.connection.is_ready = False
    rig.send("a")
    settle()
    assert (rig.connection.pushed, kinds(rig.connection.sent)) == ([], ["a"])


def test_nothing_is_sent_from_an_empty_outbox(rig: Rig) -> None:
    rig.delivery.flush()
    settle()
    assert rig.connection.pushed == rig.connection.sent == []


def test_a_closed_connection_is_no_error(rig: Rig) -> None:
    rig.connection.is_ready, rig.connection.error = False, OSError("closed")
    rig.send("a")
    settle()
    rig.send("b")
    settle()
    assert (rig.connection.sent, rig.connection.closed) == ([], 0)


def test_close_closes_the_connection_once_and_nothing_is_sent_after_it(rig: Rig) -> None:
    rig.delivery.close(STOPPING)
    settle()
    rig.send("a")
    assert not rig.delivery.push(MessageBatch([Message("b", 0, b"{}")]))
    settle()
    assert rig.connection.closed == 1
    assert rig.connection.pushed == rig.connection.sent == []


@pytest.mark.parametrize("closing", [STOPPING, RECORDS_ERASED, FAILED, NO_ACCESS])
def test_the_connection_learns_why_it_is_closed(rig: Rig, closing: Closing) -> None:
    rig.delivery.close(closing)
    settle()
    assert rig.connection.closing == closing
    assert len(closing.reason.encode()) <= 123, "a Close frame has room for no more"


def test_close_does_not_wait_for_a_slow_client(rig: Rig) -> None:
    rig.connection.is_ready = False
    rig.connection.writable.clear()
    rig.send("a")
    settle()
    rig.send("b")
    rig.delivery.close(STOPPING)
    settle()
    assert rig.connection.closed == 1
    rig.connection.writable.set()
    settle()
    assert rig.connection.sent == []


def test_stop_ends_the_writer(rig: Rig) -> None:
    rig.connection.is_ready = False
    rig.connection.writable.clear()
    rig.send("a")
    settle()
    rig.delivery.stop()
    settle()
    rig.connection.writable.set()
    settle()
    assert rig.connection.sent == []


def test_no_writer_is_started_after_stop(rig: Rig) -> None:
    rig.connection.is_ready = False
    rig.connection.writable.clear()
    rig.delivery.stop()
    rig.send("a")
    settle()
    rig.connection.writable.set()
    settle()
    assert rig.connection.sent == []


def test_a_ping_is_sent_at_once_and_its_rest_by_the_writer(rig: Rig) -> None:
    rig.delivery.ping()
    settle()
    assert (rig.connection.pings, rig.connection.sends) == (1, 0)
    rig.connection.keeps_up = False
    rig.delivery.ping()
    settle()
    assert (rig.connection.pings, rig.connection.sends) == (2, 1)


def test_a_slow_client_is_not_pinged_behind_its_backlog(rig: Rig) -> None:
    rig.connection.keeps_up = False
    rig.connection.writable.clear()
    rig.send("a")
    settle()
    rig.delivery.ping()
    assert rig.connection.pings == 0
    rig.connection.writable.set()
    settle()
    rig.delivery.ping()
    assert rig.connection.pings == 1


def test_a_writer_that_fails_closes_the_connection(rig: Rig) -> None:
    rig.connection.is_ready = False
    rig.connection.error = ValueError("raised by the test")
    rig.send("a")
    settle()
    assert rig.connection.closed == 1
    rig.send("b")
    settle()
    assert (rig.connection.closed, rig.connection.sent) == (1, [])
