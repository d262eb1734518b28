"""Messages to clients, and batches of messages, which are encoded once for all clients."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

Encode = Callable[["Message", int], bytes]
"""Encodes a message for one protocol; the integer is the number of events dropped before it."""


class Message(NamedTuple):
    """One message to clients.

    Attributes:
        kind: type of the message, such as `event` or `dashboard_update`.
        seq: sequence number of the newest event that the message reflects. A client that reconnects asks for the events
            after the greatest one it has seen. None for answers to commands.
        data: the payload as JSON.
        field: name of the payload in the message.
        gap: whether events before the message are lost.
    """

    kind: str
    seq: int | None
    data: bytes
    field: str = "data"
    gap: bool = False

    def metadata(self, dropped: int) -> bytes:
        """The members besides type and payload, as JSON without braces."""
        members = [b'"seq":%d' % self.seq] if self.seq is not None else []
        if self.gap:
            members.append(b'"gap":true')
        if dropped:
            members.append(b'"dropped":%d' % dropped)
        return b",".join(members)


class MessageBatch:
    """Messages that are sent together. Clients share a batch, so that it is encoded once for each protocol."""

    __slots__ = ("_encoded", "messages", "size")

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages
        self.size = sum(len(message.data) for message in messages)
        self._encoded: dict[Encode, bytes] = {}

    def __len__(self) -> int:
        return len(self.messages)

    def encode_each(self, encode: Encode, dropped: int = 0) -> list[bytes]:
        """Encode each message; the first one carries `dropped`, the number of events dropped before it."""
        return [encode(message, 0 if place else dropped) for place, message in enumerate(self.messages)]

    def encoded(self, encode: Encode, dropped: int = 0) -> bytes:
        """All messages, encoded and joined; cached unless events were dropped."""
        if dropped:
            return b"".join(self.encode_each(encode, dropped))
        encoded = self._encoded.get(encode)
        if encoded is None:
            encoded = self._encoded[encode] = b"".join(self.encode_each(encode))
        return encoded
