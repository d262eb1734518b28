"""Turns in the event loop."""

import gevent
from gevent.socket import socketpair

from analytics.turns import let_others_work


def test_input_is_looked_for_at_every_turn() -> None:
    mine, theirs = socketpair()
    with mine, theirs:
        got: list[bytes] = []
        gevent.spawn(lambda: got.append(mine.recv(1)))
        let_others_work()
        theirs.send(b"x")
        let_others_work()
        assert got == [b"x"]
