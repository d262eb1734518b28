"""Outbox: bounded queue between the threads that track items and the thread that sends them."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from .items import KINDS, Item, Kind
from .outcome import Pending


class Outbox:
    """A queue of items for each kind, and the items in flight.

    A batch is due when it is full, when its first item has waited `flush_seconds`, or after `hurry`.

    Args:
        most: maximum number of items that wait or are in flight.
        clock: monotonic seconds.
    """

    def __init__(self, most: int, batch_size: int, flush_seconds: float, clock: Callable[[], float]) -> None:
        self._most, self._batch_size, self._flush_seconds, self._clock = most, batch_size, flush_seconds, clock
        self._changed = threading.Condition()  # its lock is reentrant: signal handlers may track
        self._queues: dict[Kind, deque[Item]] = {kind: deque() for kind in KINDS}
        self._under_way: list[Item] = []
        self._put_off: deque[tuple[float, Item]] = deque()
        self._size = self._last_number = self._due_up_to = 0
        self._deadline: float | None = None
        self._hurried_at_last = False

    def __len__(self) -> int:
        return self._size

    @property
    def closed(self) -> bool:
        """Whether no more items are accepted."""
        return self._deadline is not None

    def put(self, item: Item) -> bool:
        """Queue `item`; return False if the outbox is full or closed."""
        with self._changed:
            if self._size >= self._most or self._deadline is not None:
                return False
            self._size += 1
            self._last_number = item.number = self._last_number + 1
            queue = self._queues[item.kind]
            queue.append(item)
            # the sender sleeps until the first item is due, or indefinitely while the queue is empty
            if len(queue) == 1 or len(queue) == self._batch_size:
                self._changed.notify_all()
        return True

    def take(self) -> list[Item]:
        """Wait for a due batch of items of one kind; return an empty list when the outbox is closed and empty."""
        with self._changed:
            while True:
                now = self._clock()
                heads = [(queue[0].number, queue) for queue in self._queues.values() if queue]
                for _, queue in sorted(heads, key=lambda head: head[0]):
                    if self._is_due(queue, now):
                        return self._take_from(queue)
                if self._put_off and (self._put_off[0][0] <= now or self.closed):
                    self._under_way.append(item := self._put_off.popleft()[1])
                    return [item]
                if self.closed:
                    return []
                waits = [self._flush_seconds - (now - queue[0].tracked) for _, queue in heads]
                waits += [due - now for due, _ in list(self._put_off)[:1]]
                self._changed.wait(max(0.0, min(waits)) if waits else None)

    def settled(self, items: Sequence[Item]) -> None:
        """Remove items in flight that have an outcome."""
        with self._changed:
            gone = set(map(id, items))
            self._under_way = [item for item in self._under_way if id(item) not in gone]
            self._size -= len(items)

    def put_off(self, item: Item, seconds: float) -> None:
        """Return `item` from flight to the queue; it is sent alone, after `seconds`."""
        with self._changed:
            self._under_way = [other for other in self._under_way if other is not item]
            self._put_off.append((self._clock() + seconds, item))

    def stale_heartbeats(self) -> list[Item]:
        """Remove heartbeats of services that have a newer one waiting, because outdated heartbeats are useless."""
        with self._changed:
            queue = self._queues["heartbeat"]
            beats = [*(item for item in self._under_way if item.kind == "heartbeat"), *queue]
            newest = {item.service: item for item in beats}
            stale = [item for item in beats if newest[item.service] is not item]
            self._queues["heartbeat"] = deque(item for item in queue if newest[item.service] is item)
            self._under_way += [item for item in queue if newest[item.service] is not item]
            return stale

    def pause(self, seconds: float, *, asked: bool) -> bool:
        """Wait before a retry; return False at once if the pause exceeds the deadline of `close`.

        After `close`, the first pause is skipped, unless the service `asked` for it by Retry-After.
        """
        until = self._clock() + seconds
        with self._changed:
            while (left := until - self._clock()) > 0:
                if self._deadline is not None:
                    if not asked and not self._hurried_at_last:
                        self._hurried_at_last = True
                        break
                    if until > self._deadline:
                        return False
                self._changed.wait(left)
            return self._deadline is None or self._clock() <= self._deadline

    def hurry(self) -> list[Pending]:
        """Make all waiting items due; return the futures of these and of the items in flight."""
        with self._changed:
            self._due_up_to = self._last_number
            self._changed.notify_all()
            return [item.future for item in self._all()]

    def close(self, seconds: float) -> None:
        """Accept no more items; the waiting ones must be sent within `seconds`."""
        with self._changed:
            if self._deadline is None:
                self._deadline = self._clock() + seconds
            self._changed.notify_all()

    def clear(self) -> list[Item]:
        """Remove and return all items, including those in flight."""
        with self._changed:
            left = [*self._under_way, *(item for _, item in self._put_off)]
            self._put_off.clear()
            for queue in self._queues.values():
                while queue:  # a signal handler may add to it meanwhile
                    left.append(queue.popleft())
            self._under_way = left
            self._changed.notify_all()
            return list(left)

    def _all(self) -> list[Item]:
        queued = [item for queue in self._queues.values() for item in queue.copy()]  # a signal handler may add to it
        return [*self._under_way, *queued, *(item for _, item in self._put_off)]

    def _is_due(self, queue: deque[Item], now: float) -> bool:
        first = queue[0]
        return (
            len(queue) >= self._batch_size
            or first.number <= self._due_up_to
            or now - first.tracked >= self._flush_seconds
            or self.closed
        )

    def _take_from(self, queue: deque[Item]) -> list[Item]:
        most = 1 if queue[0].kind == "heartbeat" else self._batch_size
        batch = [queue.popleft() for _ in range(min(most, len(queue)))]
        self._under_way += batch
        return batch
