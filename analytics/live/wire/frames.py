"""Unmasked WebSocket frames as a server sends them (RFC 6455, section 5)."""

import struct

from wsproto.frame_protocol import CloseReason

TEXT_FRAME = 0x81
PING = b"\x89\0"
TIMEOUT_CLOSE = b"\x88\x02" + CloseReason.POLICY_VIOLATION.to_bytes(2)
"""Close frame for a client that did not answer the previous ping."""


def text_frame(text: bytes) -> bytes:
    """Frame one text message of UTF-8."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", TEXT_FRAME, size) + text
    if size < 65_536:
        return struct.pack("!BBH", TEXT_FRAME, 126, size) + text
    return struct.pack("!BBQ", TEXT_FRAME, 127, size) + text
