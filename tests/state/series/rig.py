"""What the tests of the series store share: a store with a time of its own, and short names for series."""

from collections.abc import Sequence

from analytics.points import COUNTER, GAUGE, HISTOGRAM, ExponentialHistogram, Labels, labels_of
from analytics.state.rollup import Level
from analytics.state.series.increases import SourceTotal
from analytics.state.series.observed import Observed
from analytics.state.series.store import SeriesStore

START = 1_700_006_400.0
"""The start of a day."""
LEVELS = (Level(1, 120), Level(60, 180), Level(3_600, 48), Level(86_400, 5))


def series(name: str, **tags: str) -> Labels:
    """Labels of a series."""
    return labels_of([("__name__", name), *tags.items()])


class Rig:
    """A store to which time passes only by `at`, as it does by the times of records."""

    def __init__(self, now: float = START, levels: Sequence[Level] = LEVELS) -> None:
        self.store = SeriesStore(levels)
        self.now = 0.0
        self.at(now)

    def at(self, now: float) -> "Rig":
        """Let a record of this time come."""
        if int(now) > int(self.now):
            oldest = [level.start(now) - level.size * (level.keep - 1) for level in self.store.levels]
            self.store.advance(now, oldest)
        self.now = max(self.now, now)
        return self

    def gauge(self, labels: Labels, *values: float, at: float | None = None) -> int:
        """Record values of a gauge."""
        return self._observe(GAUGE, labels, values, at)

    def counter(self, labels: Labels, *values: float, at: float | None = None) -> int:
        """Record increases of a counter."""
        return self._observe(COUNTER, labels, values, at)

    def histogram(self, labels: Labels, histogram: ExponentialHistogram, at: float | None = None) -> int:
        """Record observations of a histogram."""
        number = self.store.add(labels, HISTOGRAM, self.now)
        when = self.now if at is None else at
        self.store.observe(HISTOGRAM, Observed([number], [histogram.sum], [when], [histogram]), self.now)
        return number

    def total(self, number: int, source: str, total: SourceTotal) -> None:
        """Record the total of a cumulative counter."""
        rise = self.store.rise(number, source, total)
        if rise is not None:
            self.store.observe(COUNTER, Observed([number], [rise.increase], [total.at], []), self.now)

    def _observe(self, kind: str, labels: Labels, values: Sequence[float], at: float | None) -> int:
        number = self.store.add(labels, kind, self.now)
        ats = [self.now if at is None else at] * len(values)
        self.store.observe(kind, Observed([number] * len(values), list(values), ats, []), self.now)
        return number
