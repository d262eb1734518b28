"""Rollup: cells in time buckets at several resolutions, from seconds to days.

An observation goes into the finest bucket that is still open. When that bucket closes, its cells are merged into the
bucket of the next level, and so on. A late observation goes into every closed bucket of its time at once, so closed
buckets are always complete. An open bucket is complete together with the finer buckets within it that are still open.

Reading never drops a bucket, by whatever clock: only `expire` does, by the times of records.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from analytics.state.dirty import DirtySet


class Mergeable(Protocol):
    """A cell that a rollup can hold."""

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

    A key disappears from `totals` with its last cell.

    Args:
        lasts: whether a key counts for ever: its expired cells are added to `expired`, until `forget_expired`.
        changed_late: called with level and start of each closed bucket that is changed, and the keys.
    """

    def __init__(
        self,
        levels: Iterable[Level],
        now: float,
        lasts: Callable[[K], bool] = lambda key: False,
        changed_late: Callable[[int, int, Iterable[K]], None] = lambda level, start, keys: None,
    ) -> None:
        self._changed_late = changed_late
        self.levels = tuple(levels)
        self.totals: dict[K, C] = {}
        self.expired: dict[K, C] = {}
        """Sums of the cells that expired, of keys that last; with `totals` they never fall."""
        self.expired_changed = False
        """Whether `expired` changed since the last `take_expired_change`."""
        self._lasts = lasts
        self._tables: list[dict[int, dict[K, C]]] = [{} for _ in self.levels]
        self._open = [level.start(now) for level in self.levels]
        self._oldest = [0] * len(self.levels)
        self.dirty: DirtySet[Bucket] = DirtySet()

    def oldest(self, level: int) -> int:
        """Start of the oldest bucket that `level` keeps, as of the last `expire`."""
        return self._oldest[level]

    def oldest_at(self, level: int, now: float) -> int:
        """Start of the oldest bucket of `level` at `now`. Older ones may be kept until the next `expire`."""
        return max(self._oldest[level], self._bounds(now, self._oldest[-1])[level])

    def first(self, level: int, now: float) -> int | None:
        """Start of the oldest bucket of `level` with data at `now`, or None."""
        tables = enumerate(self._tables[: level + 1])
        starts = [start for index, table in tables for start in table if start >= self.oldest_at(index, now)]
        return self.levels[level].start(min(starts)) if starts else None

    def open(self, level: int) -> int:
        """Start of the open bucket of `level`."""
        return self._open[level]

    def add(self, at: float, delta: Mapping[K, C]) -> None:
        """Add cells by key, observed at `at`; ignored if older than every bucket kept."""
        if not delta or at < self._oldest[-1]:  # a heartbeat without counters creates no empty tables
            return
        for index, level in enumerate(self.levels):
            start = level.start(at)
            if start >= self._oldest[index]:
                _merge_into(self._table(index, start), delta)
                if start < self._open[index]:
                    self._changed_late(index, start, delta)
            if start >= self._open[index]:
                break
        _merge_into(self.totals, delta)

    def advance(self, now: float) -> None:
        """Close the buckets before `now`: merge them one level up, and compact them."""
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

    def expire(self, now: float, oldest: int) -> None:
        """Drop the buckets past retention at `now`, which are closed; of the last level, those before `oldest`.

        Later observations of their times are ignored. `oldest` may move back, when more days are kept than before: such
        observations count again, but dropped buckets stay dropped.
        """
        before, self._oldest = self._oldest, self._bounds(now, oldest)
        expired: set[K] = set()
        for level, start in enumerate(self._oldest):
            if start > before[level]:
                for each in [each for each in self._tables[level] if each < start]:
                    self.dirty.discard(Bucket(level, each))
                    gone = self._tables[level].pop(each)
                    if level + 1 == len(self.levels):
                        expired.update(gone)
                        self._keep_sums(gone)
        if expired:
            self._retotal(expired)

    def since_ever(self, key: K) -> C | None:
        """The sum of all cells of `key`, kept and expired, or None; not to be changed."""
        kept, gone = self.totals.get(key), self.expired.get(key)
        return kept if gone is None else self._sum(cell for cell in (gone, kept) if cell is not None)

    def take_expired_change(self) -> bool:
        """Whether `expired` changed since the last call."""
        changed, self.expired_changed = self.expired_changed, False
        return changed

    def forget_expired(self, is_needed: Callable[[K], bool]) -> None:
        """Forget the sums of expired cells of the keys that are no longer needed."""
        for key in [key for key in self.expired if not is_needed(key)]:
            del self.expired[key]
            self.expired_changed = True

    def _keep_sums(self, gone: Mapping[K, C]) -> None:
        """Add cells that expire to `expired`."""
        lasting = {key: cell for key, cell in gone.items() if self._lasts(key)}
        _merge_into(self.expired, lasting)
        for key in lasting:
            self.expired[key].compact()
        self.expired_changed |= bool(lasting)

    def _bounds(self, now: float, oldest: int) -> list[int]:
        return [*(level.start(now) - level.size * (level.keep - 1) for level in self.levels[:-1]), oldest]

    def clear(self) -> None:
        """Drop all cells."""
        self.totals.clear()
        self.expired.clear()
        for table in self._tables:
            table.clear()

    def starts(self, level: int) -> list[int]:
        """Starts of the buckets of `level` with data, oldest first."""
        return sorted(self._tables[level])

    def take(self, bucket: Bucket, is_taken: Callable[[K], bool]) -> dict[K, C]:
        """Remove the cells of some keys from one bucket, and return them."""
        table = self._tables[bucket.level].get(bucket.start, {})
        taken = {key: table.pop(key) for key in [key for key in table if is_taken(key)]}
        if taken:
            self.dirty.add(bucket)
        return taken

    def take_totals(self, is_taken: Callable[[K], bool]) -> dict[K, C]:
        """Remove the totals of some keys, and return them: their cells were taken."""
        return {key: self.totals.pop(key) for key in [key for key in self.totals if is_taken(key)]}

    def table(self, bucket: Bucket) -> Mapping[K, C]:
        """Cells of one bucket by key; empty if the bucket expired."""
        return self._tables[bucket.level].get(bucket.start, {})

    def restore(
        self,
        opened: Sequence[int],
        now: float,
        oldest: int,
        tables: Mapping[Bucket, dict[K, C]],
        expired: Mapping[K, C] | None = None,
    ) -> None:
        """Replace the content by that of another rollup with these open buckets; its retention may have differed.

        `now` and `oldest` are those of its last `expire`.
        """
        self.clear()
        self._open, self._oldest = list(opened), self._bounds(now, oldest)
        self.expired.update(expired or {})
        for (level, start), table in tables.items():
            if start >= self._oldest[level]:
                self._tables[level][start] = table
            elif level + 1 == len(self.levels):
                self._keep_sums(table)
        last = len(self.levels) - 1
        for level, by_start in enumerate(self._tables):
            for start, table in by_start.items():
                if level == last or start >= self._open[level]:
                    _merge_into(self.totals, table)

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

    def tables(self, level: int, start: int) -> Iterator[Mapping[K, C]]:
        """The tables whose cells add up to the bucket of `level` that starts at `start`, for reading."""
        table = self._tables[level].get(start)
        if table is not None:
            yield table
        end = start + self.levels[level].size
        if end <= self._open[0]:
            return
        for finer in range(level):
            opened = self._open[finer]
            for bucket, cells in self._tables[finer].items():
                if opened <= bucket and start <= bucket < end:
                    yield cells

    def _cells(self, level: int, start: int, key: K) -> Iterator[C]:
        return (table[key] for table in self.tables(level, start) if key in table)

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
