"""Buckets: tables of one kind of series by level and bucket of time, from seconds to days.

Observations wait in the order of the log until their second is over; then they become a table, which is merged into the
bucket of the next level, and so on when that one closes. Late observations wait with the others, and then go into every
closed bucket of their time; those of seconds that are no longer kept go there at once. A bucket is complete together
with the finer open buckets within it, and with what waits: see `view`.

Only the times of records close and drop buckets, never reads, so equal logs give equal sums of floats.

Sketches of histograms are kept at half the resolution, which is about half the size, in hours older than a day and in
days older than a week.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from analytics.points import HISTOGRAM
from analytics.state.dirty import DirtySet
from analytics.state.quantiles import INITIAL_SCALE
from analytics.state.resolution import Resolution
from analytics.state.rollup import Bucket, Level
from analytics.state.series.contents import BucketContent, content_of, shifted, sum_of
from analytics.state.series.observed import ObservationArrays, Observed, by_start
from analytics.state.series.sketches import Sketches
from analytics.state.series.table import merged_all

Booleans = npt.NDArray[np.bool_]
FINE = {Resolution.HOUR: 24, Resolution.DAY: 7}
"""Number of the newest closed buckets whose histograms have their full resolution, by level; finer levels: all."""
FEW = 4
"""Up to this number, buckets are packed one by one, as `advance` is called."""
OLD_SCALE = INITIAL_SCALE - 1
"""The finest scale of older ones: quantiles are within 1.1 % of a sample."""


class Buckets:
    """The buckets of all series of one kind.

    Args:
        has_sketches: by id and level, whether the sketches of a gauge are kept; None if all are.
        changed_late: called with level and start of each closed bucket that is changed, and the ids.
    """

    def __init__(
        self,
        kind: str,
        levels: Sequence[Level],
        has_sketches: Callable[[int], Booleans | None] = lambda level: None,
        changed_late: Callable[[int, int, Iterable[int]], None] = lambda level, start, ids: None,
    ) -> None:
        self._changed_late = changed_late
        self.kind, self.levels = kind, tuple(levels)
        self._has_sketches = has_sketches
        self._contents: list[dict[int, BucketContent]] = [{} for _ in self.levels]
        self._open = [0] * len(self.levels)
        self._oldest = [0] * len(self.levels)
        self._waiting: dict[int, Observed] = {}
        self._unpacked: set[Bucket] = set()
        self._views: dict[Bucket, BucketContent | None] = {}
        self.dirty: DirtySet[Bucket] = DirtySet()

    def open(self, level: int) -> int:
        """Start of the open bucket of `level`."""
        return self._open[level]

    def oldest(self, level: int) -> int:
        """Start of the oldest bucket that `level` keeps."""
        return self._oldest[level]

    def starts(self, level: int) -> list[int]:
        """Starts of the buckets of `level` that have a table of their own."""
        return sorted(self._contents[level])

    def add(self, observed: Observed) -> None:
        """Add observations; those older than every bucket kept are ignored."""
        if not observed.ids:
            return
        self._views.clear()
        second = int(min(observed.ats))
        if second < self._oldest[0] or int(max(observed.ats)) > second:
            self._add_by_second(observed.arrays())
        elif second in self._waiting:
            self._waiting[second].extend(observed)
        else:
            self._waiting[second] = observed

    def advance(self, now: float) -> None:
        """Close the buckets before `now`: merge each into its bucket of the next level."""
        if self.levels[0].start(now) > self._open[0]:
            for second in sorted(second for second in self._waiting if second < self._open[0]):
                self._add_late(self._waiting.pop(second).arrays())
        for index, level in enumerate(self.levels):
            was_open, self._open[index] = self._open[index], max(self._open[index], level.start(now))
            if self._open[index] == was_open:
                continue
            self._views.clear()
            if index == 0:
                for second in sorted(second for second in self._waiting if second < self._open[0]):
                    self._merge(0, second, content_of(self.kind, self._waiting.pop(second).arrays(), second))
            contents = self._contents[index]
            for start in sorted(start for start in contents if was_open <= start < self._open[index]):
                if index + 1 < len(self.levels):
                    above = self.levels[index + 1].start(start)
                    self._merge(index + 1, above, contents[start], start - above)
                self._unpacked.add(Bucket(index, start))
        self._compact()
        self._coarsen()

    def expire(self, oldest: Sequence[int]) -> None:
        """Drop the buckets before these starts, one for each level; later observations of their times are ignored."""
        before, self._oldest = self._oldest, list(oldest)
        for level, start in enumerate(self._oldest):
            if start > before[level]:
                self._views.clear()
                for each in [each for each in self._contents[level] if each < start]:
                    del self._contents[level][each]
                    self.dirty.discard(Bucket(level, each))

    def view(self, level: int, start: int) -> BucketContent | None:
        """All observations in one bucket, also those in finer open buckets; None if there are none."""
        own = self._contents[level].get(start)
        end = start + self.levels[level].size
        if end <= self._open[0] and not any(start <= second < end for second in self._waiting):
            return own
        bucket = Bucket(level, start)
        if bucket not in self._views:
            self._views[bucket] = self._merged(level, [(own, 0)] if own else [], start, end)
        return self._views[bucket]

    def remove(self, bucket: Bucket, gone: Booleans) -> bool:
        """Remove the series for which `gone`, by id, is true, from one bucket; returns whether it had any."""
        content = self._contents[bucket.level].get(bucket.start)
        if content is None:
            return False
        kept = ~gone.take(content.table.keys, mode="clip") | (content.table.keys >= len(gone))
        if kept.all():
            return False
        sketches = content.sketches
        if sketches is not None:
            chosen = np.ones(int(content.table.keys.max()) + 1, bool)
            chosen[: len(gone)] = ~gone[: len(chosen)]
            sketches = sketches.of(chosen)
            sketches.compact()
        self._put(bucket, BucketContent(content.table.where(kept), sketches))
        return True

    def sketch_again(self, chosen: Booleans, finest: int) -> None:
        """Add the sketches of some series at level `finest` to the coarser buckets, where all finer ones are kept."""
        self._views.clear()
        for start, content in sorted(self._contents[finest].items()):
            if content.sketches is None or start >= self._open[finest]:
                continue
            sketches = content.sketches.of(chosen)
            for index in range(finest + 1, len(self.levels)):
                above = self.levels[index].start(start)
                own = self._contents[index].get(above)
                if own is not None and (above >= self._oldest[finest] or above >= self._open[index]):
                    self._put(Bucket(index, above), own._replace(sketches=sum_of(own.sketches, sketches)))
                    self._unpacked.add(Bucket(index, above))
                if above >= self._open[index]:
                    break

    def content(self, bucket: Bucket) -> BucketContent | None:
        """The table of one bucket alone, for checkpoints."""
        return self._contents[bucket.level].get(bucket.start)

    def waiting(self) -> Mapping[int, Observed]:
        """Observations of the open seconds, and late ones, for checkpoints."""
        return self._waiting

    def restore(
        self,
        opened: Sequence[int],
        oldest: Sequence[int],
        contents: Mapping[Bucket, BucketContent],
        waiting: Mapping[int, Observed],
    ) -> None:
        """Replace the content by that of a checkpoint."""
        self._open, self._oldest = list(opened), list(oldest)
        self._waiting = dict(waiting)
        self._views.clear()
        self._contents = [{} for _ in self.levels]
        for (level, start), content in contents.items():
            if start >= self._oldest[level]:
                self._keep(Bucket(level, start), content)

    def _add_by_second(self, arrays: ObservationArrays) -> None:
        """Add observations of several seconds: those wait whose second is kept."""
        is_old = arrays.ats < self._oldest[0]
        old = np.flatnonzero(is_old)
        if len(old):
            self._add_late(arrays.at(old) if len(old) < len(is_old) else arrays)
        if len(old) < len(is_old):
            recent = arrays.at(np.flatnonzero(~is_old)) if len(old) else arrays
            for second, part in by_start(recent, self.levels[0]):
                self._waiting.setdefault(second, Observed.none()).extend(part.observed())

    def _add_late(self, late: ObservationArrays) -> None:
        """Add observations of closed seconds to the buckets of their time: up to the finest one that is open."""
        for index, level in enumerate(self.levels):
            for start, part in by_start(late, level):
                if start >= self._oldest[index]:
                    self._merge(index, start, content_of(self.kind, part, start))
                    self._unpacked.add(Bucket(index, start))
                    if start < self._open[index]:
                        self._changed_late(index, start, part.ids.tolist())
            going = np.flatnonzero(late.ats < self._open[index])
            if not len(going):
                return
            if len(going) < len(late.ats):
                late = late.at(going)

    def _merge(self, level: int, start: int, more: BucketContent, shift: float = 0.0) -> None:
        """Add the content of a finer bucket, which starts `shift` seconds after this one."""
        if start < self._oldest[level]:
            return
        bucket = Bucket(level, start)
        sketches, chosen = more.sketches, self._has_sketches(level)
        if sketches is not None and chosen is not None:
            sketches = sketches.of(chosen) if chosen.any() else None
        own = self._contents[level].get(start)
        if own is None:
            self._put(bucket, BucketContent(shifted(more.table, shift), sketches))
        else:
            self._put(bucket, BucketContent(own.table.merged(more.table, shift), sum_of(own.sketches, sketches)))
        if level > Resolution.MINUTE:
            self._unpacked.add(bucket)

    def _put(self, bucket: Bucket, content: BucketContent) -> None:
        self._keep(bucket, content)
        self._views.pop(bucket, None)
        self.dirty.add(bucket)

    def _keep(self, bucket: Bucket, content: BucketContent) -> None:
        contents = self._contents[bucket.level]
        before = contents.get(bucket.start - self.levels[bucket.level].size)
        shared = content if before is None else content._replace(table=content.table.sharing_keys(before.table))
        contents[bucket.start] = shared

    def _compact(self) -> None:
        """Pack the sketches that were changed, but those of the open minute, which change each second.

        Of a few buckets above the seconds, one at a time is packed: that takes milliseconds.
        """
        unpacked = sorted(self._unpacked)
        seconds = sum(bucket.level == Resolution.SECOND for bucket in unpacked)
        due = unpacked if len(unpacked) > seconds + FEW else unpacked[: seconds + 1]
        self._unpacked.difference_update(due)
        for bucket in due:
            contents = self._contents[bucket.level]
            content = contents.get(bucket.start)
            if content is None or (bucket.level == Resolution.MINUTE and bucket.start >= self._open[bucket.level]):
                continue
            if content.sketches is not None:
                content.sketches.compact()
            self._keep(bucket, content)

    def _coarsen(self) -> None:
        """Halve the resolution of the sketches of one old bucket: all in turn, as `advance` is called."""
        if self.kind != HISTOGRAM:
            return
        for level, count in FINE.items():
            contents, since = self._contents[level], self._open[level] - count * self.levels[level].size
            old = [start for start, each in contents.items() if start < since and _is_fine(each.sketches)]
            if old:
                content = contents[min(old)]
                sketches = content.sketches and content.sketches.coarser(OLD_SCALE)
                self._put(Bucket(level, min(old)), content._replace(sketches=sketches))
                self._unpacked.add(Bucket(level, min(old)))
                return

    def _merged(self, level: int, own: list[tuple[BucketContent, int]], start: int, end: int) -> BucketContent | None:
        parts = [*own, *self._finer(level, start, end)]
        table = merged_all((part.table, shift) for part, shift in parts)
        if table is None:
            return None
        sketches: Sketches | None = None
        chosen = self._has_sketches(level)
        for part, _ in parts:
            more = part.sketches
            if more is not None and chosen is not None:
                more = more.of(chosen)
            sketches = sum_of(sketches, more)
        return BucketContent(table, sketches)

    def _finer(self, level: int, start: int, end: int) -> Iterator[tuple[BucketContent, int]]:
        """Open finer buckets within a bucket, each with the seconds by which it starts later."""
        for finer in range(level - 1, -1, -1):
            contents, opened = self._contents[finer], self._open[finer]
            for each in sorted(each for each in contents if opened <= each and start <= each < end):
                yield contents[each], each - start
        for second in sorted(second for second in self._waiting if start <= second < end):
            yield content_of(self.kind, self._waiting[second].arrays(), second), second - start


def _is_fine(sketches: Sketches | None) -> bool:
    return sketches is not None and sketches.finest > OLD_SCALE
