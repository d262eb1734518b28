"""The newest records, bounded: a ring that numbers what it holds, so that a reader can go on where it stopped."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Generic, TypeVar

R = TypeVar("R")


class Ring(Generic[R]):
    """The newest `capacity` records in the order of their arrival; sequence numbers start at 1 and never repeat."""

    def __init__(self, capacity: int) -> None:
        self._records: deque[R] = deque(maxlen=capacity)
        self.last_sequence = 0

    def __len__(self) -> int:
        return len(self._records)

    def extend(self, records: list[R]) -> None:
        """Add `records`; the oldest make room."""
        self._records.extend(records)
        self.last_sequence += len(records)

    def newest_first(self, before: int | None = None) -> Iterator[tuple[int, R]]:
        """Sequence number and record, newest first, of those numbered below `before`."""
        newest = self.last_sequence
        skip = 0 if before is None else max(0, newest + 1 - before)
        return islice(zip(range(newest, 0, -1), reversed(self._records), strict=False), skip, None)

    def page(self, wanted: Callable[[R], bool], limit: int, before: int | None = None) -> tuple[list[R], int | None]:
        """The newest `limit` records that are `wanted`, and the cursor of the next page if there is more."""
        found: list[R] = []
        last = 0
        for sequence, record in self.newest_first(before):
            if wanted(record):
                if len(found) == limit:
                    return found, last
                found.append(record)
                last = sequence
        return found, None


def newest(records: Iterable[tuple[int, R]], count: int) -> list[R]:
    """The first `count` records of a walk."""
    return [record for _, record in islice(records, count)]
