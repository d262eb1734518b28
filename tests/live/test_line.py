"""The line of a plain WebSocket: whom it pings, and whom it gives up."""

from types import SimpleNamespace

import pytest

from analytics.live.pongs import PING
from analytics.live.websocket import NO_PONG, PlainLine


class Sender:
    """A socket whose client is as slow as the test says."""

    def __init__(self) -> None:
        self.catches_up = False
        self.pushed: list[bytes] = []
        self.is_hung_up = False

    def is_catching_up(self) -> bool:
        return self.catches_up

    def push(self, data: bytes, flags: int = 0) -> bool:
        self.pushed.append(data)
        return True

    def hang_up(self, how: int) -> None:
        self.is_hung_up = True


@pytest.mark.parametrize(
    ("ponged", "catches_up", "pushed"), [(1, 0, [PING]), (0, 0, [NO_PONG]), (0, 1, []), (1, 1, [PING])]
)
def test_who_answers_no_ping_is_given_up_unless_it_has_not_come_to_it(
    ponged: int, catches_up: int, pushed: list[bytes]
) -> None:
    sender, ws = Sender(), SimpleNamespace(pong_received=bool(ponged))
    sender.catches_up = bool(catches_up)
    assert PlainLine(ws, sender).ping()  # type: ignore[arg-type]
    assert (sender.pushed, sender.is_hung_up) == (pushed, pushed == [NO_PONG])
