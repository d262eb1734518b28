"""Encodings of live lines: for WebSockets, for server-sent events, and for Loki's clients."""

from analytics.live.messages import Message
from analytics.live.wire.frames import text_frame


def line_frame(message: Message, dropped: int) -> bytes:
    """A line as a WebSocket frame; before it `{"dropped":n}` if lines were missed."""
    told = text_frame(b'{"dropped":%d}' % dropped) if dropped else b""
    return told + text_frame(message.data) if message.data else told


def line_event(message: Message, dropped: int) -> bytes:
    """A line as a server-sent event; before it an event `dropped` if lines were missed."""
    told = b'event: dropped\ndata: {"dropped":%d}\n\n' % dropped if dropped else b""
    return told + b"data: %b\n\n" % message.data if message.data else told


def loki_frame(message: Message, dropped: int) -> bytes:
    """A line as Loki sends it in a WebSocket frame. Of missed lines only their number is known."""
    parts = [b'"streams":[%b]' % message.data]
    if dropped:
        parts.append(b'"dropped_entries":[{"labels":{"dropped":"%d"},"timestamp":"0"}]' % dropped)
    return text_frame(b"{%b}" % b",".join(parts))
