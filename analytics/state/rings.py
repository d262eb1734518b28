"""The newest records, bounded: a ring that numbers what it holds, so that a reader can go on where it stopped."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, NamedTuple

from analytics.records import Kept, R


class Found(NamedTuple, Generic[R]):
    """A record in a ring: its sequence number, and where it is kept."""

    sequence: int
    kept: Kept[R]
    place: int


class Ring(Generic[R]):
    """The newest `capacity` records in the order of their arrival; the numbers of the first and those after it rise."""

    def __init__(self, capacity: int, first: int = 1) -> None:
        self._capacity = capacity
        self._batches: deque[Kept[R]] = deque()
        self._held = 0
        self.last_sequence = first - 1

    def bring_back(self, batches: Sequence[Kept[R]]) -> None:
        """Hold again, oldest first, what was numbered up to `last_sequence` before it was written down."""
        self.last_sequence -= sum(len(kept.records) for kept in batches)
        for kept in batches:
            self.add(kept)

    def __len__(self) -> int:
        return min(self._held, self._capacity)

    def add(self, kept: Kept[R]) -> None:
        """Add the records of a request; the oldest make room, a request's at a time."""
        self._batches.append(kept)
        self._held += len(kept.records)
        self.last_sequence += len(kept.records)
        while self._held - len(self._batches[0].records) >= self._capacity:
            self._held -= len(self._batches.popleft().records)

    @property
    def oldest_sequence(self) -> int:
        """The number of the oldest record held, or of the next one where none is."""
        return self.last_sequence - len(self) + 1

    @property
    def oldest(self) -> float | None:
        """When the oldest record held came in, in seconds since the epoch."""
        return self._batches[0].received if self._batches else None

    def after(self, sequence: int, most: int) -> list[Found[R]]:
        """The oldest `most` of the records numbered above `sequence`, oldest first."""
        sequence = max(sequence, self.oldest_sequence - 1)
        last, found = self.last_sequence, deque[Found[R]](maxlen=most)
        for kept in reversed(self._batches):
            first = last - len(kept.records)  # the number before its first record's
            for place in range(len(kept.records) - 1, max(-1, sequence - first - 1), -1):
                found.appendleft(Found(first + place + 1, kept, place))
            if first <= sequence:
                break
            last = first
        return list(found)

    def newest_first(self, before: int | None = None) -> Iterator[Found[R]]:
        """All records numbered below `before`, newest first."""
        return self.search(lambda kept: range(len(kept.records)), before)

    def search(self, places_in: Callable[[Kept[R]], Sequence[int]], before: int | None = None) -> Iterator[Found[R]]:
        """The records numbered below `before`, newest first, that stand at `places_in` their requests (ascending)."""
        end = self.last_sequence if before is None else min(self.last_sequence, before - 1)
        oldest = self.last_sequence - len(self)
        last = self.last_sequence
        for kept in reversed(self._batches):
            first = last - len(kept.records)  # the number before its first record's
            if first < end:
                for place in reversed(places_in(kept)):
                    if oldest < first + place + 1 <= end:
                        yield Found(first + place + 1, kept, place)
            last = first

    def page(
        self, places_in: Callable[[Kept[R]], Sequence[int]], limit: int, before: int | None = None
    ) -> tuple[list[Found[R]], int | None]:
        """The newest `limit` records that `search` finds, and the cursor of the next page if there is more."""
        found = list(islice(self.search(places_in, before), limit + 1))
        if len(found) > limit:
            return found[:limit], found[limit - 1].sequence
        return found, None
