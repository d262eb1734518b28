"""The outbox of one client: a bounded queue that never blocks and counts the events it drops."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from analytics.live.messages import Encode, MessageBatch

MAX_EVENTS = 10_000
"""As many as one request may have, so that a client that keeps up gets all events of a request."""
MAX_BYTES = 4 * 1024 * 1024
MAX_ANSWERS = 16
WRITE_BYTES = 256 * 1024


class OutboxContents(NamedTuple):
    """The content of an outbox: batches in their order, and the number of events dropped before the first of them."""

    batches: Iterable[MessageBatch]
    dropped: int

    def writes(self, encode: Encode) -> Iterable[bytes]:
        """Encode everything, joined into writes of about `WRITE_BYTES`."""
        if type(self.batches) is list and len(self.batches) == 1:  # the usual case
            return (self.batches[0].encoded(encode, self.dropped),)
        return self._joined(encode)

    def _joined(self, encode: Encode) -> Iterator[bytes]:
        parts, size, dropped = [], 0, self.dropped
        for batch in self.batches:
            parts.append(batch.encoded(encode, dropped))
            size, dropped = size + len(parts[-1]), 0
            if size >= WRITE_BYTES:
                yield b"".join(parts)
                parts, size = [], 0
        if parts:
            yield b"".join(parts)

    def encode_each(self, encode: Encode) -> Iterator[bytes]:
        """Encode each message."""
        dropped = self.dropped
        for batch in self.batches:
            yield from batch.encode_each(encode, dropped)
            dropped = 0


class Outbox:
    """Batches in the order in which they were added.

    Only the newest update is kept. Beyond `MAX_EVENTS` events, or `MAX_BYTES` of their data, the oldest batches are
    dropped and their events counted. Answers to commands come after everything else; beyond `MAX_ANSWERS` the oldest
    are dropped. Initial messages come before everything else.
    """

    __slots__ = ("_answers", "_batches", "_bytes", "_dropped", "_events", "_initial", "_update")

    def __init__(self) -> None:
        self._initial: Iterator[MessageBatch] | None = None
        self._answers: deque[MessageBatch] = deque(maxlen=MAX_ANSWERS)
        self._batches: deque[tuple[MessageBatch, int]] = deque()
        self._update: MessageBatch | None = None
        self._events = self._bytes = self._dropped = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not (self._batches or self._answers or self._initial)

    @property
    def waiting(self) -> tuple[int, int]:
        """Number of events that wait, and their bytes."""
        return self._events, self._bytes

    @property
    def has_initial(self) -> bool:
        """Whether initial messages are still to be sent."""
        return self._initial is not None

    @property
    def has_update(self) -> bool:
        """Whether an update is still to be sent."""
        return self._update is not None

    def add_initial(self, batches: Iterator[MessageBatch]) -> None:
        """Add initial messages; each batch is made when it is sent."""
        self._initial = batches

    def add_answer(self, batch: MessageBatch) -> None:
        """Add the answer to a command of the client."""
        self._answers.append(batch)

    def add_update(self, batch: MessageBatch) -> None:
        """Add an update in place of one that was not sent yet."""
        if self._update is not None:
            self._batches.remove((self._update, 0))
        self._update = batch
        self._batches.append((batch, 0))

    def add_events(self, batch: MessageBatch, missing: int = 0) -> int:
        """Add events, before which `missing` others were left out; returns how many events this call dropped."""
        self._batches.append((batch, batch.size))
        self._events += len(batch)
        self._bytes += batch.size
        dropped = missing
        while self._events > max(MAX_EVENTS, len(batch)) or self._bytes > max(MAX_BYTES, batch.size):
            dropped += self._drop_oldest()
        self._dropped += dropped
        return dropped

    def discard(self) -> None:
        """Discard events and update, uncounted: initial messages that follow will cover them."""
        self._batches.clear()
        self._update = None
        self._events = self._bytes = self._dropped = 0

    def take(self) -> OutboxContents:
        """Remove everything and return it."""
        batches = [batch for batch, _ in self._batches]
        if self._answers:
            batches += self._answers
            self._answers.clear()
        backlog = OutboxContents(batches if self._initial is None else _chain(self._initial, batches), self._dropped)
        self._initial = self._update = None
        self._batches.clear()
        self._events = self._bytes = self._dropped = 0
        return backlog

    def _drop_oldest(self) -> int:
        place = next(place for place, (batch, _) in enumerate(self._batches) if batch is not self._update)
        batch, size = self._batches[place]
        del self._batches[place]
        self._events -= len(batch)
        self._bytes -= size
        return len(batch)


def _chain(initial: Iterator[MessageBatch], batches: list[MessageBatch]) -> Iterator[MessageBatch]:
    yield from initial
    yield from batches
