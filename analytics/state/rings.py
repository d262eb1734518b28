"""Ring buffer of the newest records, numbered so that readers can continue where they stopped."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, NamedTuple

from analytics.records import Kept, R
from analytics.state.dirty import DirtySet

BLOCK = 100
"""Records that a checkpoint stores together."""


class Found(NamedTuple, Generic[R]):
    """A record in a ring: its sequence number, and its batch and index there."""

    sequence: int
    kept: Kept[R]
    place: int


class RingSlice(NamedTuple, Generic[R]):
    """Consecutive records of one request: the one at index `place` has the number `before` + 1 + `place`."""

    before: int
    kept: Kept[R]
    places: range


class Ring(Generic[R]):
    """The newest `capacity` records in order of arrival, with consecutive sequence numbers from `first` on.

    Finding a record by number takes O(log n), also if each arrived alone. `dirty` holds the blocks that records were
    added to: block n has the sequence numbers from n * `BLOCK` to below (n + 1) * `BLOCK`.
    """

    def __init__(self, capacity: int, first: int = 1) -> None:
        self.capacity = capacity
        self._batches: list[Kept[R]] = []
        self._lasts = array("q")  # sequence number of the last record of each batch
        self._gone = 0  # evicted batches still at the start of both lists
        self._held = 0
        self.last_sequence = first - 1
        self.dirty: DirtySet[int] = DirtySet()

    def bring_back(self, batches: Sequence[Kept[R]]) -> None:
        """Restore records, oldest first, the last of which has the number `last_sequence`."""
        self.last_sequence -= sum(len(kept.records) for kept in batches)
        for kept in batches:
            self.add(kept)

    def __len__(self) -> int:
        return min(self._held, self.capacity)

    def add(self, kept: Kept[R]) -> None:
        """Add the records of a request; evicts the oldest requests that exceed the capacity."""
        first = (self.last_sequence + 1) // BLOCK
        self.last_sequence += len(kept.records)
        for number in range(first, self.last_sequence // BLOCK + 1):
            self.dirty.add(number)
        self._batches.append(kept)
        self._lasts.append(self.last_sequence)
        self._held += len(kept.records)
        while self._held - len(self._batches[self._gone].records) >= self.capacity:
            self._held -= len(self._batches[self._gone].records)
            self._batches[self._gone] = Kept((), 0.0, "", "")  # frees the records at once
            self._gone += 1
        if 2 * self._gone > len(self._batches):  # seldom: amortised O(1) a request
            del self._batches[: self._gone], self._lasts[: self._gone]
            self._gone = 0

    def replace(self, change: Callable[[Kept[R]], Kept[R]]) -> None:
        """Replace the records of each request by what `change` returns, as many as there were."""
        last = self.last_sequence
        for index in range(len(self._batches) - 1, self._gone - 1, -1):
            before = self._batches[index]
            after = self._batches[index] = change(before)
            if after is not before:
                for number in range((last - len(before.records) + 1) // BLOCK, last // BLOCK + 1):
                    self.dirty.add(number)
            last -= len(before.records)

    @property
    def erased(self) -> int:
        """How many of the records held were erased."""
        return sum(1 for _ in self.search(lambda kept: sorted(kept.erased) if kept.erased else ()))

    @property
    def oldest_sequence(self) -> int:
        """Number of the oldest record held; of the next one if empty."""
        return self.last_sequence - len(self) + 1

    @property
    def oldest_block(self) -> int:
        """Number of the block with the oldest record held."""
        return self.oldest_sequence // BLOCK

    def block(self, number: int) -> list[Found[R]]:
        """The records held of a block, oldest first."""
        if number < self.oldest_block:  # it was dropped; many are, if much came since the last checkpoint
            return []
        return [found for found in self.after(number * BLOCK - 1, BLOCK) if found.sequence // BLOCK == number]

    def restore(self, first: int, batches: Iterable[Kept[R]]) -> None:
        """Restore records, oldest first, numbered from `first` on."""
        self.last_sequence = first - 1
        for kept in batches:
            self.add(kept)
        self.dirty.take()

    @property
    def oldest(self) -> float | None:
        """When the oldest record held was received, in seconds since the epoch."""
        return self._batches[self._gone].received if self._held else None

    def slices(self, sequence: int, limit: int) -> list[RingSlice[R]]:
        """The oldest `limit` records numbered above `sequence`, oldest first, grouped by request."""
        sequence = max(sequence, self.oldest_sequence - 1)
        index = bisect_right(self._lasts, sequence, lo=self._gone)
        found: list[RingSlice[R]] = []
        while limit > 0 and index < len(self._batches):
            kept = self._batches[index]
            before = self._lasts[index] - len(kept.records)
            start = max(0, sequence - before)
            places = range(start, min(start + limit, len(kept.records)))
            found.append(RingSlice(before, kept, places))
            limit -= len(places)
            index += 1
        return found

    def after(self, sequence: int, limit: int) -> list[Found[R]]:
        """The oldest `limit` records numbered above `sequence`, oldest first."""
        return [
            Found(before + 1 + place, kept, place)
            for before, kept, places in self.slices(sequence, limit)
            for place in places
        ]

    def newest_first(self, before: int | None = None) -> Iterator[Found[R]]:
        """All records numbered below `before` that were not erased, newest first."""
        return self.search(lambda kept: kept.places, before)

    def search(self, select: Callable[[Kept[R]], Sequence[int]], before: int | None = None) -> Iterator[Found[R]]:
        """The records numbered below `before`, newest first, that `select` selects from each request by index."""
        end = self.last_sequence if before is None else min(self.last_sequence, before - 1)
        oldest = self.last_sequence - len(self)
        last = self.last_sequence
        for kept in islice(reversed(self._batches), len(self._batches) - self._gone):
            first = last - len(kept.records)  # the number before the first record
            if first < end:
                for place in reversed(select(kept)):
                    if oldest < first + place + 1 <= end:
                        yield Found(first + place + 1, kept, place)
            last = first

    def page(
        self, select: Callable[[Kept[R]], Sequence[int]], limit: int, before: int | None = None
    ) -> tuple[list[Found[R]], int | None]:
        """The newest `limit` records that `search` finds, and the cursor of the next page if there is one."""
        found = list(islice(self.search(select, before), limit + 1))
        if len(found) > limit:
            return found[:limit], found[limit - 1].sequence
        return found, None
