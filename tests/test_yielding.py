"""Yielding to the event loop."""

import gevent
from gevent.socket import socketpair

from analytics.yielding import yield_to_others


def test_each_yield_polls_for_input_once() -> None:
    mine, theirs = socketpair()
    with mine, theirs:
        got: list[bytes] = []
        gevent.spawn(lambda: got.append(mine.recv(1)))
        yield_to_others()
        theirs.send(b"x")
        yield_to_others()
        assert got == [b"x"]
