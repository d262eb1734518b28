"""The newest records, bounded: a ring that numbers what it holds, so that a reader can go on where it stopped."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple

from analytics.records import Kept, R


class Found(NamedTuple, Generic[R]):
    """A record in a ring: its sequence number, and where it is kept."""

    sequence: int
    kept: Kept[R]
    place: int


class Ring(Generic[R]):
    """The newest `capacity` records in the order of their arrival; sequence numbers start at 1 and never repeat."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._batches: deque[Kept[R]] = deque()
        self._held = 0
        self.last_sequence = 0

    def __len__(self) -> int:
        return min(self._held, self._capacity)

    def add(self, kept: Kept[R]) -> None:
        """Add the records of a request; the oldest make room, a request's at a time."""
        self._batches.append(kept)
        self._held += len(kept.records)
        self.last_sequence += len(kept.records)
        while self._held - len(self._batches[0].records) >= self._capacity:
            self._held -= len(self._batches.popleft().records)

    def newest_first(self, before: int | None = None) -> Iterator[Found[R]]:
        """All records numbered below `before`, newest first."""
        sequence = self.last_sequence
        oldest = sequence - len(self)
        for kept in reversed(self._batches):
            size = len(kept.records)
            if before is not None and sequence - size >= before - 1:
                sequence -= size
                continue
            for place in range(size - 1, -1, -1):
                if sequence <= oldest:
                    return
                if before is None or sequence < before:
                    yield Found(sequence, kept, place)
                sequence -= 1

    def page(
        self, wanted: Callable[[Kept[R], int], bool], limit: int, before: int | None = None
    ) -> tuple[list[Found[R]], int | None]:
        """The newest `limit` records that are `wanted`, and the cursor of the next page if there is more."""
        found: list[Found[R]] = []
        for record in self.newest_first(before):
            if wanted(record.kept, record.place):
                if len(found) == limit:
                    return found, found[-1].sequence
                found.append(record)
        return found, None
