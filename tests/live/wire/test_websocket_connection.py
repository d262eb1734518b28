"""Pings of a plain WebSocket: which clients are pinged, and which are disconnected."""

from types import SimpleNamespace

import pytest

from analytics.live.wire.frames import PING, TIMEOUT_CLOSE
from analytics.live.wire.websocket import WebSocketConnection


class Socket:
    """A socket whose client receives as slowly as the test says."""

    def __init__(self) -> None:
        self.catching_up = False
        self.pushed: list[bytes] = []
        self.is_hung_up = False

    def is_catching_up(self) -> bool:
        return self.catching_up

    def push(self, data: bytes, flags: int = 0) -> bool:
        self.pushed.append(data)
        return True

    def hang_up(self, how: int) -> None:
        self.is_hung_up = True


@pytest.mark.parametrize(
    ("ponged", "catching_up", "pushed"),
    [(True, False, [PING]), (False, False, [TIMEOUT_CLOSE]), (False, True, []), (True, True, [PING])],
)
def test_a_client_that_answers_no_ping_is_disconnected_unless_it_has_yet_to_receive_the_ping(
    ponged: bool, catching_up: bool, pushed: list[bytes]
) -> None:
    sock, ws = Socket(), SimpleNamespace(pong_received=ponged)
    sock.catching_up = catching_up
    assert WebSocketConnection(ws, sock).ping()  # type: ignore[arg-type]
    assert (sock.pushed, sock.is_hung_up) == (pushed, pushed == [TIMEOUT_CLOSE])
