"""The backlog: entries that wait to be written. Each kind has a queue, so that a flood of one does not delay others."""

from collections import Counter, deque
from itertools import count
from typing import Any

from analytics.kinds import KINDS, Kind
from analytics.log.disk.database import BATCH_ENTRIES
from analytics.log.disk.pending import PendingEntry

BATCH_BYTES = 2 * 1024 * 1024
"""A batch ends with the entry that reaches this size."""


class Backlog:
    """Entries that are not written yet. If they do not all fit into one batch, it takes from each kind in turn.

    Args:
        is_one_queue: whether all kinds share one queue, so that entries are written strictly in order of arrival.
    """

    def __init__(self, *, is_one_queue: bool) -> None:
        self._is_one_queue = is_one_queue
        self._numbers = count()
        self._queues: dict[str, deque[tuple[int, PendingEntry]]] = {}
        self._bytes: Counter[str] = Counter()
        self._entries = 0

    def __len__(self) -> int:
        return self._entries

    def bytes_by_kind(self) -> dict[str, int]:
        """Bytes that wait, by kind."""
        return {name: self._bytes[name] for name in KINDS}

    def has_room(self, kind: Kind[Any]) -> bool:
        """Whether another entry of this kind may wait."""
        return self._bytes[kind.name] <= kind.backlog

    def add(self, pending: PendingEntry) -> None:
        """Append an entry to its queue."""
        self._queues.setdefault(self._queue_of(pending), deque()).append((next(self._numbers), pending))
        self._bytes[pending.entry.kind.name] += len(pending.body)
        self._entries += 1

    def batch(self) -> list[PendingEntry]:
        """The entries to write next, in order of arrival. They stay in the backlog until `remove` is called."""
        batch: list[tuple[int, PendingEntry]] = []
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

    def remove(self, batch: list[PendingEntry]) -> None:
        """Remove the entries that `batch` returned: they are written."""
        for pending in batch:
            self._queues[self._queue_of(pending)].popleft()
            self._bytes[pending.entry.kind.name] -= len(pending.body)
        self._entries -= len(batch)

    def clear(self) -> list[PendingEntry]:
        """Remove and return all entries."""
        entries = [pending for queue in self._queues.values() for _, pending in queue]
        self._queues.clear()
        self._bytes.clear()
        self._entries = 0
        return entries

    def _queue_of(self, pending: PendingEntry) -> str:
        return "" if self._is_one_queue else pending.entry.kind.name
