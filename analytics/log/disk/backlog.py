"""The backlog: entries that wait for the disk, in a queue for each kind, so that a flood of one delays no other."""

from collections import Counter, deque
from itertools import count
from typing import Any

from analytics.kinds import Kind
from analytics.log.disk.database import BATCH_ENTRIES
from analytics.log.disk.pending import Pending

BATCH_BYTES = 2 * 1024 * 1024
"""About how many bytes are written at once."""


class Backlog:
    """Entries that are not written yet. Where they do not fit into one batch, the kinds take turns.

    Args:
        is_one_queue: whether all kinds share a queue, so that entries are written strictly in their order of arrival.
    """

    def __init__(self, *, is_one_queue: bool) -> None:
        self._is_one_queue = is_one_queue
        self._numbers = count()
        self._queues: dict[str, deque[tuple[int, Pending]]] = {}
        self._bytes: Counter[str] = Counter()
        self._entries = 0

    def __len__(self) -> int:
        return self._entries

    def has_room(self, kind: Kind[Any]) -> bool:
        """Whether another entry of this kind may wait."""
        return self._bytes[kind.name] <= kind.backlog

    def add(self, pending: Pending) -> None:
        """Append an entry to its queue."""
        self._queues.setdefault(self._queue_of(pending), deque()).append((next(self._numbers), pending))
        self._bytes[pending.entry.kind.name] += len(pending.body)
        self._entries += 1

    def batch(self) -> list[Pending]:
        """The entries to write next, in their order of arrival; they stay in the backlog until they are removed."""
        batch: list[tuple[int, Pending]] = []
        size = 0
        queues = [iter(queue) for queue in self._queues.values()]
        while queues and size < BATCH_BYTES and len(batch) < BATCH_ENTRIES:
            queue = queues.pop(0)
            numbered = next(queue, None)
            if numbered is not None:
                batch.append(numbered)
                size += len(numbered[1].body)
                queues.append(queue)
        batch.sort(key=lambda numbered: numbered[0])
        return [pending for _, pending in batch]

    def remove(self, batch: list[Pending]) -> None:
        """Remove the entries that `batch` returned."""
        for pending in batch:
            self._queues[self._queue_of(pending)].popleft()
            self._bytes[pending.entry.kind.name] -= len(pending.body)
        self._entries -= len(batch)

    def clear(self) -> list[Pending]:
        """Remove and return all entries."""
        entries = [pending for queue in self._queues.values() for _, pending in queue]
        self._queues.clear()
        self._bytes.clear()
        self._entries = 0
        return entries

    def _queue_of(self, pending: Pending) -> str:
        return "" if self._is_one_queue else pending.entry.kind.name
