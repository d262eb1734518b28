"""Publish and subscribe inside this process.

Each subscriber has a bounded queue, so a slow one affects no other; the error of a listener is logged.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from gevent.queue import Full, Queue
from msgspec import Struct

from analytics.records import Kept

QUEUE_LIMIT = 1_000
"""Default limit of notices that wait for one subscriber."""

log = logging.getLogger(__name__)


class Notice(Struct, frozen=True, gc=False):
    """Base of all notices. The type of a notice is its topic."""


class BatchRecorded(Notice, frozen=True, gc=False):
    """The records of one request were applied; `last` is the sequence number of the last one (0: the kind has none)."""

    kind: str
    kept: Kept[Any]
    last: int


class UsersErased(Notice, frozen=True, gc=False):
    """The records that name these users were erased; `users` are those that were asked for, found in memory or not."""

    users: frozenset[str]


class BucketClosed(Notice, frozen=True, gc=False):
    """A bucket of `seconds` (a minute, hour or day) that began at `start` (epoch) is over. Late records may follow."""

    seconds: int
    start: int


class HealthChanged(Notice, frozen=True, gc=False):
    """The state of a service changed from `before` to `to` at `at` (epoch seconds); `reason` is a text for people."""

    service: str
    before: str
    to: str
    at: float
    reason: str


M = TypeVar("M", bound=Notice)


class NoticeQueue:
    """Queue of notices for one subscriber, oldest first; created by `Bus.subscribe`."""

    def __init__(self, limit: int, full: Callable[[], None]) -> None:
        self._queue: Queue[Notice] = Queue(maxsize=limit)
        self._full = full

    def __len__(self) -> int:
        return int(self._queue.qsize())

    def __iter__(self) -> Iterator[Notice]:
        """Wait for notices and yield each, for ever."""
        while True:
            yield self._queue.get()

    def offer(self, notice: Notice) -> None:
        """Queue a notice; if the queue is full, drop and count it."""
        try:
            self._queue.put_nowait(notice)
        except Full:
            self._full()


class Bus:
    """Delivers notices in the order in which they are published.

        with bus.subscribe("webhooks", HealthChanged) as inbox:
            for notice in inbox:
                ...

    Publishing never waits and never fails. `BatchRecorded` is published while the state's lock is held, others are not.

    Args:
        dropped: called with `bus_NAME` and 1 for each notice dropped because the queue of subscriber NAME is full.
    """

    def __init__(self, dropped: Callable[[str, int], None]) -> None:
        self._dropped = dropped
        self._listeners: dict[type[Notice], tuple[Callable[[Any], None], ...]] = defaultdict(tuple)

    def has_listeners(self, topic: type[Notice]) -> bool:
        """Whether anybody receives notices of this type."""
        return bool(self._listeners[topic])

    def publish(self, notice: Notice) -> None:
        """Deliver a notice to all listeners and subscribers of its type."""
        for listener in self._listeners[type(notice)]:
            try:
                listener(notice)
            except Exception:
                log.exception("a listener failed to handle %s", type(notice).__name__)

    def listen(self, topic: type[M], listener: Callable[[M], None]) -> None:
        """Call `listener` for each notice of a type, inside `publish`. It must not wait or read the state."""
        self._listeners[topic] = (*self._listeners[topic], listener)

    @contextmanager
    def subscribe(self, name: str, *topics: type[Notice], limit: int = QUEUE_LIMIT) -> Iterator[NoticeQueue]:
        """Queue notices of these types while the `with` block runs; at most `limit` notices wait."""
        queue = NoticeQueue(limit, lambda: self._dropped(f"bus_{name}", 1))
        offer = queue.offer
        for topic in topics:
            self._listeners[topic] = (*self._listeners[topic], offer)
        try:
            yield queue
        finally:
            for topic in topics:
                self._listeners[topic] = tuple(each for each in self._listeners[topic] if each is not offer)
