"""Receiving without pongs: each is reported, and none wakes the greenlet that waits."""

import socket
from collections.abc import Iterator

import gevent
import pytest
from gevent import socket as green

from analytics.internals.gevent import raw_socket
from analytics.live.wire.pongs import EMPTY_PONG, receive_skipping_pongs

MASKED = EMPTY_PONG + b"abcd"


class Pair:
    """Both ends of a connection, and a greenlet that receives at one of them."""

    def __init__(self) -> None:
        self.ours, self.theirs = green.socketpair()
        self.pongs = 0
        self.receiving = gevent.spawn(receive_skipping_pongs, raw_socket(self.ours), 4096, self._on_pong)
        gevent.sleep(0)

    def _on_pong(self) -> None:
        self.pongs += 1


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.ours.close()
    pair.theirs.close()


def test_pongs_are_counted_and_wake_no_greenlet(pair: Pair) -> None:
    for count in (1, 2, 3):
        pair.theirs.sendall(MASKED)
        with gevent.Timeout(5):
            while pair.pongs < count:
                gevent.sleep(0.001)
    assert not pair.receiving.ready()
    pair.theirs.sendall(b"hello")
    assert pair.receiving.get(timeout=5) == b"hello"
    assert pair.pongs == 3


@pytest.mark.parametrize("data", [MASKED * 2, MASKED[:3], b"\x8a\x81abcde", b"\x89\x80abcd", b"\x8a\0" + b"abcd"])
def test_anything_but_one_whole_empty_pong_is_received(pair: Pair, data: bytes) -> None:
    pair.theirs.sendall(data)
    assert pair.receiving.get(timeout=5) == data
    assert pair.pongs == 0


def test_the_end_of_the_connection_is_received_as_no_bytes(pair: Pair) -> None:
    pair.theirs.shutdown(socket.SHUT_WR)
    assert pair.receiving.get(timeout=5) == b""


def test_a_connection_shut_down_at_this_end_is_received_as_no_bytes(pair: Pair) -> None:
    pair.ours.shutdown(socket.SHUT_RD)
    assert pair.receiving.get(timeout=5) == b""
