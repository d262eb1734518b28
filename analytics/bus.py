"""The bus: what just happened in this process, told to whoever listens, none of whom can hold up or break another."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from gevent.queue import Full, Queue
from msgspec import Struct

from analytics.records import Kept

QUEUE_LIMIT = 1_000
"""How many messages wait for a subscriber unless it asks for another limit."""

log = logging.getLogger(__name__)


class Message(Struct, frozen=True, gc=False):
    """Base of all messages; their types are the topics of the bus."""


class Recorded(Message, frozen=True, gc=False):
    """Records of one request were counted; `last` is the sequence number of the last one, 0 where a kind has none."""

    kind: str
    kept: Kept[Any]
    last: int


class BucketClosed(Message, frozen=True, gc=False):
    """A minute, hour or day is over: `seconds` long, begun at `start` in epoch seconds. Late records may still come."""

    seconds: int
    start: int


class HealthChanged(Message, frozen=True, gc=False):
    """The state of a service changed from `before` to `to` at `at` (epoch seconds), for a reason in words."""

    service: str
    before: str
    to: str
    at: float
    reason: str


M = TypeVar("M", bound=Message)


class Subscription:
    """The messages that wait for one subscriber, oldest first; made by `Bus.subscribe`."""

    def __init__(self, limit: int, full: Callable[[], None]) -> None:
        self._queue: Queue[Message] = Queue(maxsize=limit)
        self._full = full

    def __len__(self) -> int:
        return int(self._queue.qsize())

    def __iter__(self) -> Iterator[Message]:
        """Each message as it comes, for ever."""
        while True:
            yield self._queue.get()

    def offer(self, message: Message) -> None:
        """Add a message; where there is no room for it, it is dropped and counted."""
        try:
            self._queue.put_nowait(message)
        except Full:
            self._full()


class Bus:
    """Passes messages on, in the order in which they were published.

        with bus.subscribe("webhooks", HealthChanged) as inbox:
            for message in inbox:
                ...

    Publishing never waits and never fails. `Recorded` is published with the state's lock held, the others without.

    Args:
        dropped: called with `bus_NAME` and 1 for each message that found the queue of the subscriber NAME full.
    """

    def __init__(self, dropped: Callable[[str, int], None]) -> None:
        self._dropped = dropped
        self._listeners: dict[type[Message], tuple[Callable[[Any], None], ...]] = defaultdict(tuple)

    def has_listeners(self, topic: type[Message]) -> bool:
        """Whether a message of this type would reach anybody."""
        return bool(self._listeners[topic])

    def publish(self, message: Message) -> None:
        """Tell everybody who listens to this type of message."""
        for listener in self._listeners[type(message)]:
            try:
                listener(message)
            except Exception:
                log.exception("a listener failed on %s", type(message).__name__)

    def listen(self, topic: type[M], listener: Callable[[M], None]) -> None:
        """Call `listener` for each message of a type, while it is published; it must not wait, nor read the state."""
        self._listeners[topic] = (*self._listeners[topic], listener)

    @contextmanager
    def subscribe(self, name: str, *topics: type[Message], limit: int = QUEUE_LIMIT) -> Iterator[Subscription]:
        """A queue that gets the messages of these types within the block, at most `limit` of them at once."""
        subscription = Subscription(limit, lambda: self._dropped(f"bus_{name}", 1))
        offer = subscription.offer
        for topic in topics:
            self._listeners[topic] = (*self._listeners[topic], offer)
        try:
            yield subscription
        finally:
            for topic in topics:
                self._listeners[topic] = tuple(each for each in self._listeners[topic] if each is not offer)
