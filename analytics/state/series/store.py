"""The store of typed series: their labels, lives and figures.

Only applied records change it, and only their times close and drop buckets. Reads change nothing.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from analytics.points import GAUGE, HISTOGRAM, NAME_LABEL, POINT_KINDS, Labels
from analytics.state.resolution import Resolution
from analytics.state.rollup import Level
from analytics.state.series.buckets import Booleans, Buckets
from analytics.state.series.deltas import Deltas
from analytics.state.series.exemplars import Exemplars
from analytics.state.series.ids import IdArray, SeriesIds
from analytics.state.series.increases import Increases, Rise, SourceTotal
from analytics.state.series.lives import LEAST_SILENCE, Life, replaceable
from analytics.state.series.matchers import equal
from analytics.state.series.observed import Observed, SingleValues
from analytics.state.series.running import RunningHistograms
from analytics.state.series.sweep import Sweep
from analytics.state.series.table import LAST_AT_COLUMN, Floats
from analytics.state.series.window import Window

SERVICE_LABEL = "service"


class SeriesStore:
    """All typed series, at several resolutions.

    Reading: `select` finds ids, `window` takes the figures of a range of time; `labels`, `kind_of`, `totals` and
    `ended` describe series. Take all of it under the state's lock; a `Window` may be read without.

    Args:
        levels: resolutions, finest first; see `Resolution`.
        always: names of gauges of which sketches are always kept by hours and days.
        changed_late: see `Buckets`.

    Example:
        >>> ids = store.select([equal("__name__", "cpu"), equal("service", "web")])  # doctest: +SKIP
        >>> window = store.window(GAUGE, Resolution.MINUTE, start, end)  # doctest: +SKIP
        >>> values, present = window.matrix(ids, "last")  # [minute, series]  # doctest: +SKIP
    """

    def __init__(
        self,
        levels: Sequence[Level],
        always: Iterable[str] = (),
        changed_late: Callable[[int, int, Iterable[int]], None] = lambda level, start, ids: None,
    ) -> None:
        self.levels = tuple(levels)
        self.ids = SeriesIds()
        self.select = self.ids.select
        """The ids, ascending, of the series that fulfil all matchers."""
        self.labels = self.ids.labels
        """The labels of an id."""
        self.increases = Increases()
        self.kinds: dict[str, str] = {}
        """Kind by name of metric."""
        self._always = frozenset(always)
        self.with_percentiles: set[str] = set()
        """Names of further gauges of which sketches are also kept by hours and days."""
        self.full_until = 0.0
        """Until then no series makes room for new ones."""
        self.retired = 0
        """How often ids were retired: what was derived from ids is valid as long as it stays the same."""
        self.evicted = 0
        """Number of silent series that made room for new ones."""
        self.lives: list[Life] = []
        """By id; those of ids that are not in use are of the past."""
        self._chosen: Booleans | None = None
        self.buckets = {
            kind: Buckets(kind, levels, self._gauges_with_sketches if kind == GAUGE else lambda _: None, changed_late)
            for kind in POINT_KINDS
        }
        self.running = RunningHistograms()
        self.exemplars = Exemplars()
        self.deltas = Deltas()
        self.sweep = Sweep(self.buckets)

    def __len__(self) -> int:
        """Number of series."""
        return len(self.ids)

    # --- reading -----------------------------------------------------------------------------------------------------

    def kind_of(self, name: str) -> str | None:
        """The kind of a metric; None if it has no series."""
        return self.kinds.get(name)

    def open(self, level: int) -> int:
        """Start of the open bucket of a level, in seconds since the epoch."""
        return self.buckets[GAUGE].open(level)

    def oldest(self, level: int) -> int:
        """Start of the oldest bucket that a level keeps, in seconds since the epoch."""
        return self.buckets[GAUGE].oldest(level)

    def window(self, kind: str, level: int, start: float, end: float) -> Window:
        """The buckets of `level` that contain any time in `[start, end)`, as they are now.

        Buckets that are not kept have no figures.
        """
        size, buckets = self.levels[level].size, self.buckets[kind]
        starts = range(self.levels[level].start(start), int(-(-end // size)) * size, size)
        views = [buckets.view(level, each) for each in starts]
        return Window(starts, [view and view.table for view in views], [view and view.sketches for view in views])

    def named(self, label: str) -> set[tuple[str, str]]:
        """Name and value of a label of all series; the value is empty for those without it."""
        found = map(dict, map(self.labels, self.ids))
        return {(labels[NAME_LABEL], labels.get(label, "")) for labels in found}

    def totals(self, ids: IdArray) -> Floats:
        """Running totals of counters: they never fall while the series lives."""
        return np.array([self.lives[number].total for number in ids.tolist()], np.float64)

    def ended(self, ids: IdArray) -> Floats:
        """Times of the newest stale markers, 0 without: from then on a value of an earlier time is not shown."""
        return np.array([self.lives[number].ended for number in ids.tolist()], np.float64)

    def newest(self, ids: IdArray) -> Floats:
        """Times of the newest points, in seconds since the epoch."""
        return np.array([self.lives[number].newest for number in ids.tolist()], np.float64)

    # --- recording ---------------------------------------------------------------------------------------------------

    def add(self, labels: Labels, kind: str, now: float) -> int:
        """The id of a series, which is created if it is new; its name must have this kind or none."""
        known = self.ids.get(labels)
        if known is not None:
            return known
        number = self.ids.add(labels)
        self._chosen = None
        found = dict(labels)
        self.kinds.setdefault(found[NAME_LABEL], kind)
        life = Life(kind, found.get(SERVICE_LABEL, ""), now, now, 0.0)
        if number == len(self.lives):
            self.lives.append(life)
        else:
            self.lives[number] = life
        return number

    def observe(self, kind: str, observed: Observed, now: float) -> None:
        """Record observations received at `now`; the store keeps the lists."""
        self.note(kind, observed, now)
        self.buckets[kind].add(observed)

    def observe_values(self, observed: SingleValues, now: float) -> None:
        """Record single values of histograms that were received at `now`."""
        for number, (values, ats) in observed.by_id.items():
            self.lives[number].observe(values, ats, now)
            self.running.add(number, values)
        self.buckets[HISTOGRAM].add(observed.observed())

    def note(self, kind: str, observed: Observed, now: float) -> None:
        """The part of `observe` that has to be done at once; the observations go into the buckets later."""
        lives = self.lives
        for number, value, at in zip(observed.ids, observed.values, observed.ats, strict=True):
            life = lives[number]
            life.heard = now
            life.count += 1
            life.total += value
            if at >= life.newest:
                life.newest, life.last = at, value
        if kind == HISTOGRAM:
            for number, histogram in zip(observed.ids, observed.histograms, strict=True):
                if histogram is not None:
                    lives[number].count += histogram.count - 1
            self.running.observe(observed)

    def rise(self, number: int, source: str, total: SourceTotal) -> Rise | None:
        """Take the total of a cumulative source; returns what has to be observed, None if there is nothing."""
        life = self.lives[number]
        rise = self.increases.rise(number, source, total, life.newest or None)
        if rise is not None:
            life.total += rise.baseline
            life.newest = max(life.newest, total.at)
        return rise

    def is_repeated(self, number: int, at: float) -> bool:
        """Whether a gauge has a point of this time; known as long as the point is the latest of its bucket."""
        if at > self.lives[number].newest:
            return False
        buckets = self.buckets[GAUGE]
        for index, level in enumerate(self.levels):
            start = level.start(at)
            if start >= buckets.oldest(index):
                view = buckets.view(index, start)
                if view is None:
                    return False
                row = int(np.searchsorted(view.table.keys, number))
                found = row < len(view.table) and view.table.keys[row] == number
                return bool(found and view.table.column(LAST_AT_COLUMN)[row] == np.float32(at - start))
        return False

    def end(self, number: int, at: float) -> None:
        """A stale marker: hide the values up to then from instant queries."""
        life = self.lives[number]
        life.ended = max(life.ended, at)

    def hear(self, numbers: Iterable[int], now: float) -> None:
        """Note that these series got a point at `now`."""
        for number in numbers:
            self.lives[number].heard = now

    def make_room(self, wanted: int, now: float) -> int:
        """Retire up to `wanted` silent series for new ones; returns how many."""
        if now < self.full_until:
            return 0
        lives = self.lives
        found = replaceable(((number, lives[number]) for number in self.ids), now, wanted)
        self._retire(found)
        if len(found) < wanted:
            soonest = min((lives[number].replaceable_at for number in self.ids), default=now)
            self.full_until = max(now, min(soonest, now + LEAST_SILENCE))
        self.sweep.retire(found)
        self.evicted += len(found)
        return len(found)

    def retire(self, numbers: Sequence[int]) -> None:
        """Forget these series at once; their figures are removed bit by bit, as `advance` is called."""
        if numbers:
            self._retire(numbers)
            self.sweep.retire(numbers)

    def keep_percentiles(self, name: str) -> None:
        """Keep sketches of these gauges by hours and days from now on, and for the hours of which minutes are kept."""
        if self.keeps_percentiles(name):
            return
        self.with_percentiles.add(name)
        self._chosen = None
        if self.kinds.get(name) == GAUGE:
            self.buckets[GAUGE].sketch_again(self._mask((name,)), Resolution.MINUTE)

    def keeps_percentiles(self, name: str) -> bool:
        """Whether sketches of these gauges are kept by hours and days."""
        return name in self._always or name in self.with_percentiles

    def restore_percentiles(self, names: Iterable[str]) -> None:
        """Replace the names of gauges of which sketches are also kept by hours and days."""
        self.with_percentiles, self._chosen = set(names), None

    def advance(self, now: float, oldest: Sequence[int]) -> None:
        """Close the buckets before `now` and drop those before `oldest`, one for each level: called once a second."""
        for buckets in self.buckets.values():
            buckets.advance(now)
        was_oldest = self.oldest(-1)
        for buckets in self.buckets.values():
            buckets.expire(oldest)
        if oldest[-1] > was_oldest:
            gone = [number for number in self.ids if self.lives[number].until < oldest[-1]]
            self._retire(gone)
            self.sweep.retire(gone)
        self.ids.free(self.sweep.step())

    def _retire(self, numbers: Iterable[int]) -> None:
        self._chosen = None
        self.retired += 1
        for number in numbers:
            name = dict(self.ids.labels(number))[NAME_LABEL]
            self.ids.retire(number)
            self.increases.forget(number)
            self.running.forget(number)
            self.exemplars.forget(number)
            self.deltas.forget(number)
            if not self.ids.has(NAME_LABEL, name):
                del self.kinds[name]
                self.with_percentiles.discard(name)

    def _gauges_with_sketches(self, level: int) -> Booleans | None:
        """By id, whether the sketches of a gauge are kept at a level; None if all are."""
        if level <= Resolution.MINUTE:
            return None
        if self._chosen is None:
            self._chosen = self._mask(sorted(self._always | self.with_percentiles))
        return self._chosen

    def _mask(self, names: Iterable[str]) -> Booleans:
        mask: npt.NDArray[np.bool_] = np.zeros(self.ids.size, bool)
        for name in names:
            mask[self.select([equal(NAME_LABEL, name)])] = True
        return mask
