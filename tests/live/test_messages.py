"""Messages: JSON for one protocol, packets for the other, frames as RFC 6455 has them."""

import json
from typing import Any

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from analytics.live.messages import Message, Piece, as_json, as_packet, frame

PLAIN = Message("event", 7, b'{"a":1}')
PATCH = Message("dashboard_update", 8, b"{}", "patch")
GAP = Message("snapshot", 9, b"{}", gap=True)


@pytest.mark.parametrize(
    ("message", "dropped", "expected"),
    [
        (PLAIN, 0, {"type": "event", "seq": 7, "data": {"a": 1}}),
        (PLAIN, 3, {"type": "event", "seq": 7, "dropped": 3, "data": {"a": 1}}),
        (PATCH, 0, {"type": "dashboard_update", "seq": 8, "patch": {}}),
        (GAP, 2, {"type": "snapshot", "seq": 9, "gap": True, "dropped": 2, "data": {}}),
    ],
)
def test_plain_messages(message: Message, dropped: int, expected: dict[str, Any]) -> None:
    assert json.loads(as_json(message, dropped)) == expected


@pytest.mark.parametrize(
    ("message", "dropped", "expected"),
    [
        (PLAIN, 0, ["event", {"a": 1}, {"seq": 7}]),
        (PLAIN, 3, ["event", {"a": 1}, {"seq": 7, "dropped": 3}]),
        (PATCH, 0, ["dashboard_update", {}, {"seq": 8, "patch": True}]),
        (GAP, 0, ["snapshot", {}, {"seq": 9, "gap": True}]),
    ],
)
def test_socketio_packets(message: Message, dropped: int, expected: list[Any]) -> None:
    text = as_packet(message, dropped)
    assert text.startswith(b"42[")
    assert json.loads(text[2:]) == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_frames_are_read_back_by_a_websocket_library(size: int) -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(frame(b"y" * size))
    parts = [event for event in client.events() if isinstance(event, TextMessage)]
    assert "".join(part.data for part in parts) == "y" * size
    assert parts[-1].message_finished


def test_a_piece_is_encoded_once_for_each_protocol() -> None:
    piece = Piece([PLAIN, GAP])
    assert piece.frames(as_json) is piece.frames(as_json)
    assert piece.frames(as_json) == frame(as_json(PLAIN, 0)) + frame(as_json(GAP, 0))
    assert piece.frames(as_packet) == frame(as_packet(PLAIN, 0)) + frame(as_packet(GAP, 0))


def test_only_the_first_message_tells_what_was_dropped() -> None:
    piece = Piece([PLAIN, GAP])
    assert piece.frames(as_json, 5) == frame(as_json(PLAIN, 5)) + frame(as_json(GAP, 0))
    assert piece.frames(as_json) == frame(as_json(PLAIN, 0)) + frame(as_json(GAP, 0))
