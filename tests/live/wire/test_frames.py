"""WebSocket frames: what is framed here is parsed by wsproto."""

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from analytics.live.wire.frames import PING, TIMEOUT_CLOSE, text_frame


def parse(data: bytes) -> list[Event]:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    return list(client.events())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_text_of_any_size_is_one_message(size: int) -> None:
    parts = [event for event in parse(text_frame(b"y" * size)) if isinstance(event, TextMessage)]
    assert "".join(part.data for part in parts) == "y" * size
    assert parts[-1].message_finished


def test_control_frames() -> None:
    assert parse(PING) == [Ping(payload=b"")]
    (close,) = parse(TIMEOUT_CLOSE)
    assert isinstance(close, CloseConnection)
    assert close.code == CloseReason.POLICY_VIOLATION
