"""The delivery: at once to who takes it, by a greenlet to who is slow, and over when the connection is."""

import gevent
import pytest
from gevent.event import Event

from analytics.live.delivery import Delivery
from analytics.live.messages import Message, Piece, as_json
from analytics.live.outbox import Outbox, Parcel


class Wire:
    """A connection that takes all, a part, or nothing, as the test says."""

    def __init__(self) -> None:
        self.encode = as_json
        self.is_ready = True
        self.takes = True
        self.open = Event()
        self.open.set()
        self.pushed: list[bytes] = []
        self.sent: list[bytes] = []
        self.closed = self.pings = self.flushes = 0
        self.broken = False
        self.error: Exception = OSError("gone")

    def push(self, frames: bytes) -> bool:
        self.pushed.append(frames[2:])
        return self.takes

    def send(self, parcel: Parcel) -> None:
        self.open.wait()
        if self.broken:
            raise self.error
        self.flushes += 1
        self.sent += parcel.texts(as_json)

    def ping(self) -> bool:
        self.pings += 1
        return self.takes

    def close(self) -> None:
        self.closed += 1


class Post:
    """An outbox, its delivery and its wire."""

    def __init__(self) -> None:
        self.outbox, self.wire = Outbox(), Wire()
        self.delivery = Delivery(self.outbox, self.wire)

    def offer(self, text: str) -> None:
        self.outbox.offer_update(Piece([Message(text, 0, b"{}")]))
        self.delivery.wake()


def names(texts: list[bytes]) -> list[str]:
    return [text.decode().split('"')[3] for text in texts]


def settle() -> None:
    for _ in range(5):
        gevent.sleep(0)


@pytest.fixture
def post() -> Post:
    return Post()


def test_who_takes_it_gets_it_at_once_without_a_greenlet(post: Post) -> None:
    post.offer("a")
    assert names(post.wire.pushed) == ["a"]
    settle()
    assert post.wire.sent == []


def test_who_is_slow_gets_the_newest_once_it_takes_again(post: Post) -> None:
    post.wire.takes = False
    post.wire.open.clear()
    post.offer("a")  # a part of it is on its way
    settle()
    for text in "bcd":
        post.offer(text)
    assert names(post.wire.pushed) == ["a"], "the writer is at it"
    post.wire.open.set()
    settle()
    assert names(post.wire.sent) == ["d"]
    post.wire.takes = True
    post.offer("e")
    assert names(post.wire.pushed) == ["a", "e"]


def test_an_opening_goes_by_the_writer(post: Post) -> None:
    post.outbox.offer_opening(iter([Piece([Message("snapshot", 0, b"{}")])]))
    post.offer("a")
    assert post.wire.pushed == []
    settle()
    assert names(post.wire.sent) == ["snapshot", "a"]


def test_a_line_that_is_not_ready_is_not_pushed_to(post: Post) -> None:
    post.wire.is_ready = False
    post.offer("a")
    settle()
    assert (post.wire.pushed, names(post.wire.sent)) == ([], ["a"])


def test_nothing_is_sent_where_nothing_waits(post: Post) -> None:
    post.delivery.wake()
    settle()
    assert post.wire.pushed == post.wire.sent == []


def test_a_client_that_is_gone_is_no_trouble(post: Post) -> None:
    post.wire.is_ready, post.wire.broken = False, True
    post.offer("a")
    settle()
    post.offer("b")
    settle()
    assert post.wire.sent == []


def test_closing_says_goodbye_once_and_nothing_follows(post: Post) -> None:
    post.delivery.close()
    settle()
    post.offer("a")
    assert not post.delivery.pass_by(Piece([Message("b", 0, b"{}")]))
    settle()
    assert post.wire.closed == 1
    assert post.wire.pushed == post.wire.sent == []


def test_closing_a_slow_one_says_goodbye_without_waiting_for_it(post: Post) -> None:
    post.wire.is_ready = False
    post.wire.open.clear()
    post.offer("a")
    settle()
    post.offer("b")
    post.delivery.close()
    settle()
    assert post.wire.closed == 1
    post.wire.open.set()
    settle()
    assert post.wire.sent == []


def test_the_end_stops_the_writer(post: Post) -> None:
    post.wire.is_ready = False
    post.wire.open.clear()
    post.offer("a")
    settle()
    post.delivery.end()
    settle()
    post.wire.open.set()
    settle()
    assert post.wire.sent == []


def test_what_is_told_after_the_end_gets_no_writer(post: Post) -> None:
    post.wire.is_ready = False
    post.wire.open.clear()
    post.delivery.end()
    post.offer("a")
    settle()
    post.wire.open.set()
    settle()
    assert post.wire.sent == []


def test_a_ping_is_sent_and_its_rest_by_the_writer(post: Post) -> None:
    post.delivery.ping()
    settle()
    assert (post.wire.pings, post.wire.flushes) == (1, 0)
    post.wire.takes = False
    post.delivery.ping()
    settle()
    assert (post.wire.pings, post.wire.flushes) == (2, 1)


def test_who_is_slow_is_not_pinged_behind_all_that_it_has_yet_to_take(post: Post) -> None:
    post.wire.takes = False
    post.wire.open.clear()
    post.offer("a")
    settle()
    post.delivery.ping()
    assert post.wire.pings == 0
    post.wire.open.set()
    settle()
    post.delivery.ping()
    assert post.wire.pings == 1


def test_a_writer_that_fails_says_goodbye(post: Post) -> None:
    post.wire.is_ready = False
    post.wire.broken, post.wire.error = True, ValueError("a fault that the test put there")
    post.offer("a")
    settle()
    assert post.wire.closed == 1
    post.offer("b")
    settle()
    assert (post.wire.closed, post.wire.sent) == (1, [])
