"""Messages to clients: made once, encoded once for each protocol, and framed for the wire."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

TEXT_FRAME = 0x81
Encode = Callable[["Message", int], bytes]
"""A message as one protocol's text, telling how many were dropped before it."""


class Message(NamedTuple):
    """What clients are told.

    `seq` is the number of the newest event that it knows of: what a client that comes back asks to go on from. Answers
    have none: they tell of no event.
    `data` is JSON; `field` its name in the message. `gap` tells that events before it are lost.
    """

    kind: str
    seq: int | None
    data: bytes
    field: str = "data"
    gap: bool = False

    def facts(self, dropped: int) -> bytes:
        """The members beside type and data, as JSON without braces."""
        facts = [b'"seq":%d' % self.seq] if self.seq is not None else []
        if self.gap:
            facts.append(b'"gap":true')
        if dropped:
            facts.append(b'"dropped":%d' % dropped)
        return b",".join(facts)


def as_json(message: Message, dropped: int) -> bytes:
    """For the plain WebSocket."""
    facts = message.facts(dropped)
    kind, field = message.kind.encode(), message.field.encode()
    return b'{"type":"%b",%b"%b":%b}' % (kind, facts and facts + b",", field, message.data)


def as_packet(message: Message, dropped: int) -> bytes:
    """For Socket.IO: the event's first argument is the data, its second all else; a patch is told as such there."""
    facts = message.facts(dropped) + (b',"patch":true' if message.field == "patch" else b"")
    return b'42["%b",%b,{%b}]' % (message.kind.encode(), message.data, facts)


def frame(text: bytes) -> bytes:
    """One unmasked WebSocket text frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return struct.pack("!BB", TEXT_FRAME, size) + text
    if size < 65_536:
        return struct.pack("!BBH", TEXT_FRAME, 126, size) + text
    return struct.pack("!BBQ", TEXT_FRAME, 127, size) + text


class Piece:
    """Messages that go out together; all clients share one piece, so each protocol's frames are made once."""

    __slots__ = ("_frames", "messages", "size")

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.size = sum(len(message.data) for message in messages)
        self._frames: dict[Encode, bytes] = {}

    def __len__(self) -> int:
        return len(self.messages)

    def texts(self, encode: Encode, dropped: int = 0) -> list[bytes]:
        """Each message's text; the first one tells what was dropped before it."""
        return [encode(message, 0 if place else dropped) for place, message in enumerate(self.messages)]

    def frames(self, encode: Encode, dropped: int = 0) -> bytes:
        """All messages on the wire."""
        if dropped:
            return b"".join(map(frame, self.texts(encode, dropped)))
        made = self._frames.get(encode)
        if made is None:
            made = self._frames[encode] = b"".join(map(frame, self.texts(encode)))
        return made
