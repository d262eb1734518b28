"""Ring buffer of the newest records, numbered so that readers can continue where they stopped."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, NamedTuple

from analytics.records import Kept, R
from analytics.state.dirty import DirtySet

BLOCK = 100
"""Records that a checkpoint stores together."""


def last_before(number: int) -> int:
    """The number before the block that begins at `number` or a little higher."""
    return -(-number // BLOCK) * BLOCK - 1


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
    """The newest `capacity` records in order of arrival, with ascending sequence numbers.

    Numbers are consecutive within a block: block n has those from n * `BLOCK` to below (n + 1) * `BLOCK`. `dirty` holds
    the blocks that records were added to, `erasures` counts how often records were replaced. Finding a record by number
    takes O(log n), also if each arrived alone.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._batches: list[Kept[R]] = []
        self._lasts = array("q")  # sequence number of the last record of each batch
        self._gone = 0  # evicted batches still at the start of both lists
        self._held = 0
        self._evicted = 0  # last sequence number of the evicted batches
        self._has_erased = False  # whether any record held may be erased
        self.last_sequence = self.erasures = 0
        self.dirty: DirtySet[int] = DirtySet()

    def begin(self, last: int) -> None:
        """Number the first record after `last`; earlier ones do not exist any more."""
        self._evicted = self.last_sequence = last

    def skip_to(self, number: int) -> None:
        """Number the next record `number` or a little higher: it begins a block."""
        last = last_before(number)
        if self.last_sequence == 0:
            self._evicted = last
        self.last_sequence = last

    def bring_back(self, batches: Sequence[Kept[R]]) -> None:
        """Restore records, oldest first, the last of which has the number `last_sequence`."""
        self.begin(self.last_sequence - sum(len(kept.records) for kept in batches))
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
            self._evicted = self._lasts[self._gone]
            self._gone += 1
        if 2 * self._gone > len(self._batches):  # seldom: amortised O(1) a request
            del self._batches[: self._gone], self._lasts[: self._gone]
            self._gone = 0

    def batches(self) -> list[Kept[R]]:
        """The requests whose records are held, oldest first."""
        return self._batches[self._gone :]

    def replace(self, change: Callable[[Kept[R]], Kept[R]]) -> None:
        """Replace the records of each request by what `change` returns, as many as there were."""
        self.erasures += 1
        for index in range(len(self._batches) - 1, self._gone - 1, -1):
            before = self._batches[index]
            after = self._batches[index] = change(before)
            if after is not before:
                self._has_erased = True
                last = self._lasts[index]
                for number in range((last - len(before.records) + 1) // BLOCK, last // BLOCK + 1):
                    self.dirty.add(number)

    @property
    def erased(self) -> int:
        """How many of the records held were erased."""
        if not self._has_erased:
            return 0
        return sum(1 for _ in self.search(lambda kept: sorted(kept.erased) if kept.erased else ()))

    @property
    def oldest_sequence(self) -> int:
        """Number of the oldest record held; of the next one if empty."""
        if not self._held:
            return self.last_sequence + 1
        first = self._lasts[self._gone] - len(self._batches[self._gone].records) + 1
        return first + max(0, self._held - self.capacity)

    @property
    def last_evicted(self) -> int:
        """Number of the newest record that is not held any more."""
        return max(self._evicted, self.oldest_sequence - 1) if self._held > self.capacity else self._evicted

    @property
    def oldest_block(self) -> int:
        """Number of the block with the oldest record held."""
        return self.oldest_sequence // BLOCK

    def block(self, number: int) -> list[Found[R]]:
        """The records held of a block, oldest first."""
        if number < self.oldest_block:  # it was dropped; many are, if much came since the last checkpoint
            return []
        return [found for found in self.after(number * BLOCK - 1, BLOCK) if found.sequence // BLOCK == number]

    def restore(self, runs: Iterable[tuple[int, Iterable[Kept[R]]]]) -> None:
        """Restore records, oldest first, in runs with consecutive numbers from the given ones on.

        The next record is numbered after `last_sequence` all the same.
        """
        last = self.last_sequence
        for first, batches in runs:
            if not self._held:
                self._evicted = first - 1
            self.last_sequence = first - 1
            for kept in batches:
                self.add(kept)
        self.last_sequence = max(self.last_sequence, last)
        self._has_erased = any(kept.erased for kept in self._batches)
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
        return self.search(Kept.places, before)

    def search(self, select: Callable[[Kept[R]], Sequence[int]], before: int | None = None) -> Iterator[Found[R]]:
        """The records numbered below `before`, newest first, that `select` selects from each request by index."""
        end = self.last_sequence if before is None else min(self.last_sequence, before - 1)
        oldest = self.oldest_sequence
        batches = zip(reversed(self._batches), reversed(self._lasts), strict=True)
        for kept, last in islice(batches, len(self._batches) - self._gone):
            first = last - len(kept.records) + 1
            if first <= end:
                for place in reversed(select(kept)):
                    if oldest <= first + place <= end:
                        yield Found(first + place, kept, place)

    def examine(
        self,
        select: Callable[[Kept[R], Sequence[int]], Sequence[int]],
        before: int | None,
        wanted: int,
        most: int,
    ) -> tuple[list[Found[R]], int]:
        """The newest records numbered below `before` that `select` selects among those of a request at some indexes.

        The second value is the number down to which it looked; 0 if all were examined. It ends after `most` records,
        and after those of a request when there are `wanted`, or more.
        """
        end = self.last_sequence if before is None else min(self.last_sequence, before - 1)
        oldest, found = self.oldest_sequence, list[Found[R]]()
        newest = min(bisect_left(self._lasts, end, lo=self._gone), len(self._batches) - 1)
        for index in range(newest, self._gone - 1, -1):
            kept = self._batches[index]
            first = self._lasts[index] - len(kept.records) + 1
            stop = min(len(kept.records), end - first + 1)
            start = max(0, oldest - first, stop - most)
            found += [Found(first + place, kept, place) for place in reversed(select(kept, range(start, stop)))]
            most -= stop - start
            if (len(found) >= wanted or most <= 0) and first + start > oldest:
                return found, first + start
        return found, 0
