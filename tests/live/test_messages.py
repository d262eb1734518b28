"""Batches of messages: encoded once for each protocol, with drops reported by the first message."""

from analytics.live.messages import Message, MessageBatch
from analytics.live.wire.encoding import json_frame, json_text, packet_text

EVENT = Message("event", 7, b'{"a":1}')
SNAPSHOT = Message("snapshot", 9, b"{}", gap=True)


def test_a_batch_is_encoded_once_for_each_protocol() -> None:
    batch = MessageBatch([EVENT, SNAPSHOT])
    assert batch.encoded(json_frame) is batch.encoded(json_frame)
    for encode in (json_frame, json_text, packet_text):
        assert batch.encoded(encode) == encode(EVENT, 0) + encode(SNAPSHOT, 0)
        assert batch.encode_each(encode) == [encode(EVENT, 0), encode(SNAPSHOT, 0)]


def test_only_the_first_message_reports_dropped_events_and_that_is_not_cached() -> None:
    batch = MessageBatch([EVENT, SNAPSHOT])
    assert batch.encoded(json_frame, 5) == json_frame(EVENT, 5) + json_frame(SNAPSHOT, 0)
    assert batch.encoded(json_frame) == json_frame(EVENT, 0) + json_frame(SNAPSHOT, 0)
