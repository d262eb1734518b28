"""Encodings of messages: JSON objects for the plain WebSocket, packets for Socket.IO, and frames around both."""

import json
from typing import Any

import pytest

from analytics.live.messages import Message
from analytics.live.wire.encoding import json_frame, json_text, packet_frame, packet_text
from analytics.live.wire.frames import text_frame

EVENT = Message("event", 7, b'{"a":1}')
PATCH = Message("dashboard_update", 8, b"{}", "patch")
GAP = Message("snapshot", 9, b"{}", gap=True)
ANSWER = Message("pong", None, b"{}")


@pytest.mark.parametrize(
    ("message", "dropped", "expected"),
    [
        (EVENT, 0, {"type": "event", "seq": 7, "data": {"a": 1}}),
        (EVENT, 3, {"type": "event", "seq": 7, "dropped": 3, "data": {"a": 1}}),
        (PATCH, 0, {"type": "dashboard_update", "seq": 8, "patch": {}}),
        (GAP, 2, {"type": "snapshot", "seq": 9, "gap": True, "dropped": 2, "data": {}}),
        (ANSWER, 0, {"type": "pong", "data": {}}),
    ],
)
def test_json_objects(message: Message, dropped: int, expected: dict[str, Any]) -> None:
    assert json.loads(json_text(message, dropped)) == expected
    assert json_frame(message, dropped) == text_frame(json_text(message, dropped))


@pytest.mark.parametrize(
    ("message", "dropped", "expected"),
    [
        (EVENT, 0, ["event", {"a": 1}, {"seq": 7}]),
        (EVENT, 3, ["event", {"a": 1}, {"seq": 7, "dropped": 3}]),
        (PATCH, 0, ["dashboard_update", {}, {"seq": 8, "patch": True}]),
        (GAP, 0, ["snapshot", {}, {"seq": 9, "gap": True}]),
    ],
)
def test_socketio_packets(message: Message, dropped: int, expected: list[Any]) -> None:
    text = packet_text(message, dropped)
    assert text.startswith(b"42[")
    assert json.loads(text[2:]) == expected
    assert packet_frame(message, dropped) == text_frame(text)
