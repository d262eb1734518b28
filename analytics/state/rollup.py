"""Rollup: cells in time buckets at several resolutions, from seconds to days.

An observation goes into the finest bucket that is still open. When that bucket closes, its cells are merged into the
bucket of the next level, and so on. A late observation goes into every closed bucket of its time at once, so closed
buckets are always complete. An open bucket is complete together with the finer buckets within it that are still open.

The buckets of the last level are the only ones that cannot be made again from others: time alone never drops them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from analytics.state.dirty import DirtySet


class Mergeable(Protocol):
    """What a rollup can hold."""

    def merge(self, other: Self, /) -> None: ...

    def copy(self) -> Self: ...

    def compact(self) -> None: ...


K = TypeVar("K")
C = TypeVar("C", bound=Mergeable)


class Level(NamedTuple):
    """One resolution: bucket size in seconds, and the number of buckets kept, the open one included."""

    size: int
    keep: int

    @property
    def span(self) -> int:
        """Seconds that all kept buckets cover."""
        return self.size * self.keep

    def start(self, at: float) -> int:
        """Start of the bucket that contains `at`."""
        return int(at // self.size) * self.size


class Bucket(NamedTuple):
    """One bucket: its level and its start in seconds since the epoch."""

    level: int
    start: int


class Rollup(Generic[K, C]):
    """Cells by level, bucket and key, and the total of all kept cells by key.

    `advance` drops old buckets of all levels but the last, whose buckets only `expire` drops. A key disappears from
    `totals` with its last cell.
    """

    def __init__(self, levels: Iterable[Level], now: float) -> None:
        self.levels = tuple(levels)
        self.totals: dict[K, C] = {}
        self._tables: list[dict[int, dict[K, C]]] = [{} for _ in self.levels]
        self._open = [level.start(now) for level in self.levels]
        self._oldest = 0  # start of the oldest bucket of the last level
        self.dirty: DirtySet[Bucket] = DirtySet()

    def oldest(self, level: int) -> int:
        """Start of the oldest bucket that `level` keeps."""
        if level == len(self.levels) - 1:
            return self._oldest
        size, keep = self.levels[level]
        return self._open[level] - size * (keep - 1)

    def first(self, level: int) -> int | None:
        """Start of the oldest bucket of `level` with data, or None."""
        starts = [start for table in self._tables[: level + 1] for start in table]
        return self.levels[level].start(min(starts)) if starts else None

    def open(self, level: int) -> int:
        """Start of the open bucket of `level`."""
        return self._open[level]

    def add(self, at: float, delta: Mapping[K, C]) -> None:
        """Add cells by key, observed at `at`; ignored if older than every bucket kept."""
        if not delta or at < self._oldest:  # a heartbeat without counters creates no empty tables
            return
        for index, level in enumerate(self.levels):
            start = level.start(at)
            if start >= self.oldest(index):
                _merge_into(self._table(index, start), delta)
            if start >= self._open[index]:
                break
        _merge_into(self.totals, delta)

    def advance(self, now: float) -> None:
        """Close the buckets before `now`: merge them one level up, compact them, and drop those past retention.

        How far it was called before makes no difference to the buckets of the last level.
        """
        for index, level in enumerate(self.levels):
            was_open, self._open[index] = self._open[index], max(self._open[index], level.start(now))
            if self._open[index] == was_open:
                continue
            table = self._tables[index]
            for start in [start for start in table if was_open <= start < self._open[index]]:
                if index + 1 < len(self.levels):
                    _merge_into(self._table(index + 1, self.levels[index + 1].start(start)), table[start])
                if index > 0:  # seconds are dropped too soon to be worth compacting
                    for cell in table[start].values():
                        cell.compact()
            if index + 1 < len(self.levels):
                for start in [start for start in table if start < self.oldest(index)]:
                    self._drop(Bucket(index, start))

    def expire(self, oldest: int) -> None:
        """Drop the buckets of the last level that start before `oldest`, and ignore such observations from now on."""
        self._oldest = oldest
        last = len(self.levels) - 1
        expired: set[K] = set()
        for start in [start for start in self._tables[last] if start < oldest]:
            expired.update(self._drop(Bucket(last, start)))
        self._retotal(expired)

    def clear(self) -> None:
        """Drop all cells."""
        self.totals.clear()
        for table in self._tables:
            table.clear()

    def table(self, bucket: Bucket) -> Mapping[K, C]:
        """Cells of one bucket by key; empty if the bucket expired."""
        return self._tables[bucket.level].get(bucket.start, {})

    def restore(self, opened: Sequence[int], oldest: int, tables: Mapping[Bucket, dict[K, C]]) -> None:
        """Replace the content by that of another rollup with these open buckets; its retention may have differed.

        `oldest` is the start of the oldest bucket of the last level.
        """
        self.clear()
        self._open, self._oldest = list(opened), oldest
        for (level, start), table in tables.items():
            if start >= self.oldest(level):
                self._tables[level][start] = table
        last = len(self.levels) - 1
        for level, by_start in enumerate(self._tables):
            for start, table in by_start.items():
                if level == last or start >= self._open[level]:
                    _merge_into(self.totals, table)

    def _drop(self, bucket: Bucket) -> Mapping[K, C]:
        """Drop a bucket; returns its cells."""
        self.dirty.discard(bucket)
        return self._tables[bucket.level].pop(bucket.start)

    def _table(self, level: int, start: int) -> dict[K, C]:
        """Table of a bucket, for writing."""
        self.dirty.add(Bucket(level, start))
        return self._tables[level].setdefault(start, {})

    def cell(self, level: int, start: int, key: K) -> C | None:
        """Copy of the cell of `key` in the bucket of `level` that starts at `start`, or None."""
        return self._sum(self._cells(level, start, key))

    def merged(self, level: int, starts: Iterable[int], keys: Iterable[K]) -> C | None:
        """One cell merged from all `keys` and all buckets of `level` that start at `starts`, or None."""
        keys = list(keys)
        return self._sum(cell for start in starts for key in keys for cell in self._cells(level, start, key))

    def _cells(self, level: int, start: int, key: K) -> Iterator[C]:
        cell = self._tables[level].get(start, {}).get(key)
        if cell is not None:
            yield cell
        end = start + self.levels[level].size
        if end <= self._open[0]:
            return
        for finer in range(level):
            opened = self._open[finer]
            for bucket, cells in self._tables[finer].items():
                if opened <= bucket and start <= bucket < end and key in cells:
                    yield cells[key]

    @staticmethod
    def _sum(cells: Iterable[C]) -> C | None:
        total: C | None = None
        for cell in cells:
            if total is None:
                total = cell.copy()
            else:
                total.merge(cell)
        return total

    def _retotal(self, keys: set[K]) -> None:
        for key in keys:
            del self.totals[key]
        for index in range(len(self.levels)):
            last = index + 1 == len(self.levels)
            for start, table in self._tables[index].items():
                if last or start >= self._open[index]:
                    _merge_into(self.totals, {key: table[key] for key in keys & table.keys()})


def _merge_into(table: dict[K, C], delta: Mapping[K, C]) -> None:
    for key, cell in delta.items():
        mine = table.get(key)
        if mine is None:
            table[key] = cell.copy()
        else:
            mine.merge(cell)
