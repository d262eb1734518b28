"""Encodings of messages: JSON objects for the plain WebSocket, and packets for Socket.IO.

Each function takes a message and the number of events that were dropped before it.
"""

from analytics.live.messages import Message
from analytics.live.wire.frames import text_frame


def json_text(message: Message, dropped: int) -> bytes:
    """Encode as a JSON object: `{"type":"event","seq":7,"data":{…}}`."""
    metadata = message.metadata(dropped)
    kind, field = message.kind.encode(), message.field.encode()
    return b'{"type":"%b",%b"%b":%b}' % (kind, metadata and metadata + b",", field, message.data)


def packet_text(message: Message, dropped: int) -> bytes:
    """Encode as a Socket.IO event, whose first argument is the payload and whose second is the metadata.

    Example: `42["event",{…},{"seq":7}]`; a patch has `"patch":true` in its metadata.
    """
    metadata = message.metadata(dropped) + (b',"patch":true' if message.field == "patch" else b"")
    return b'42["%b",%b,{%b}]' % (message.kind.encode(), message.data, metadata)


def json_frame(message: Message, dropped: int) -> bytes:
    """Encode as a JSON object in a WebSocket frame."""
    return text_frame(json_text(message, dropped))


def packet_frame(message: Message, dropped: int) -> bytes:
    """Encode as a Socket.IO event in a WebSocket frame."""
    return text_frame(packet_text(message, dropped))
