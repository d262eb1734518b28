"""The first word: what a client says first but for its answers to pings."""

import socket
from collections.abc import Iterator

import gevent
import pytest
from gevent import socket as green

from analytics.live.pongs import PONG, first_word

MASKED = PONG[:2] + b"abcd"


class Pair:
    """Two ends of a connection, at one of which somebody waits for the first word."""

    def __init__(self) -> None:
        self.ours, self.theirs = green.socketpair()
        self.pongs = 0
        self.word = gevent.spawn(first_word, self.ours._sock, 4096, self._ponged)
        gevent.sleep(0)

    def _ponged(self) -> None:
        self.pongs += 1


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.ours.close()
    pair.theirs.close()


def test_pongs_are_counted_and_wake_nobody(pair: Pair) -> None:
    for count in (1, 2, 3):
        pair.theirs.sendall(MASKED)
        with gevent.Timeout(5):
            while pair.pongs < count:
                gevent.sleep(0.001)
    assert not pair.word.ready()
    pair.theirs.sendall(b"hello")
    assert pair.word.get(timeout=5) == b"hello"
    assert pair.pongs == 3


@pytest.mark.parametrize("said", [MASKED * 2, MASKED[:3], b"\x8a\x81abcde", b"\x89\x80abcd", b"\x8a\0" + b"abcd"])
def test_whatever_is_not_one_whole_empty_pong_is_a_word(pair: Pair, said: bytes) -> None:
    pair.theirs.sendall(said)
    assert pair.word.get(timeout=5) == said
    assert pair.pongs == 0


def test_the_end_is_told(pair: Pair) -> None:
    pair.theirs.shutdown(socket.SHUT_WR)
    assert pair.word.get(timeout=5) == b""


def test_a_connection_cut_from_here_is_over(pair: Pair) -> None:
    pair.ours.shutdown(socket.SHUT_RD)
    assert pair.word.get(timeout=5) == b""
