"""Adds up the samples of StatsD until they are recorded: one point for each series, however many samples it had.

It is arithmetic: when to take the points is decided elsewhere.
"""

from collections import Counter
from collections.abc import Mapping
from math import ceil, log2

from analytics.doors.statsd.lines import StatsdSample, Type
from analytics.points import COUNTER, GAUGE, HISTOGRAM, ExponentialHistogram, Labels, NewPoint

SCALE = 6
"""Scale of the histograms, that of the sketches of the service: values are told apart to 0.54 %."""
SMALLEST = 2.0**-1000
"""Smaller magnitudes count as zero."""
MOST_SERIES = 10_000
"""Series, timed points and remembered gauges at one time."""
MOST_MEMBERS = 100_000
"""Members of all sets until their points are taken; a set that is full counts no more."""
FULL = "statsd_full"
"""Reason of samples for which there was no room."""
NEGATIVE = "statsd_negative"
"""Reason of counters that would fall."""
MILLISECONDS = "ms"


class Aggregation:
    """The samples since the points were last taken."""

    def __init__(self, most_series: int = MOST_SERIES, most_members: int = MOST_MEMBERS) -> None:
        self._most_series, self._most_members = most_series, most_members
        self._counters: dict[Labels, float] = {}
        self._gauges: dict[Labels, float] = {}
        self._timed: list[NewPoint] = []
        self._histograms: dict[Labels, _Histogram] = {}
        self._sets: dict[Labels, set[str]] = {}
        self._members = 0
        self._remembered: dict[Labels, float] = {}
        self.dropped: Counter[str] = Counter()
        """Samples that were not counted, by reason, until somebody clears it."""

    def add(self, sample: StatsdSample) -> None:
        """Add a sample, or count it as dropped where there is no room for another series."""
        if not self._has_room(sample):
            self.dropped[FULL] += 1
            return
        labels = sample.labels
        match sample.kind:
            case Type.COUNTER:
                increase = sum(sample.values) / sample.rate
                if increase < 0:
                    self.dropped[NEGATIVE] += 1
                elif sample.at is not None:
                    self._timed.append(NewPoint(labels, COUNTER, increase, sample.at))
                else:
                    self._counters[labels] = self._counters.get(labels, 0.0) + increase
            case Type.GAUGE:
                self._set_gauge(sample)
            case Type.SET:
                self._add_members(labels, sample.members)
            case _:
                histogram = self._histograms.get(labels)
                if histogram is None:
                    unit = MILLISECONDS if sample.kind is Type.TIMER else None
                    histogram = self._histograms[labels] = _Histogram(unit)
                histogram.add(sample.values, 1 / sample.rate)

    def take(self) -> list[NewPoint]:
        """The points of everything but sets, which begin anew: increases, last values, and histograms of the values."""
        points = [NewPoint(labels, COUNTER, increase) for labels, increase in self._counters.items()]
        points += [NewPoint(labels, GAUGE, value) for labels, value in self._gauges.items()]
        points += [histogram.point(labels) for labels, histogram in self._histograms.items()]
        points += self._timed
        self._counters, self._gauges, self._histograms, self._timed = {}, {}, {}, []
        return points

    def take_sets(self) -> list[NewPoint]:
        """A gauge for each set: how many distinct members it had since the last call."""
        points = [NewPoint(labels, GAUGE, float(len(members))) for labels, members in self._sets.items()]
        self._sets, self._members = {}, 0
        return points

    def _has_room(self, sample: StatsdSample) -> bool:
        if sample.at is not None and sample.kind in (Type.COUNTER, Type.GAUGE):
            return len(self._timed) < self._most_series
        match sample.kind:
            case Type.COUNTER:
                return self._fits(sample.labels, self._counters)
            case Type.GAUGE:
                return self._fits(sample.labels, self._gauges)
            case Type.SET:
                return self._fits(sample.labels, self._sets)
        return self._fits(sample.labels, self._histograms)

    def _fits(self, labels: Labels, held: Mapping[Labels, object]) -> bool:
        return len(held) < self._most_series or labels in held

    def _set_gauge(self, sample: StatsdSample) -> None:
        labels = sample.labels
        if sample.at is not None:
            self._timed.append(NewPoint(labels, GAUGE, sample.values[-1], sample.at))
            return
        value = self._remembered.pop(labels, 0.0) + sum(sample.values) if sample.is_change else sample.values[-1]
        self._remembered.pop(labels, None)
        self._remembered[labels] = self._gauges[labels] = value
        if len(self._remembered) > self._most_series:
            del self._remembered[next(iter(self._remembered))]

    def _add_members(self, labels: Labels, members: list[str]) -> None:
        known = self._sets.setdefault(labels, set())
        before = len(known)
        if self._members < self._most_members:
            known.update(members)
            self._members += len(known) - before
        elif not known.issuperset(members):
            self.dropped[FULL] += 1


class _Histogram:
    """Values in exponential buckets."""

    __slots__ = ("count", "negative", "positive", "sum", "unit", "zero")

    def __init__(self, unit: str | None) -> None:
        self.unit = unit
        self.count = self.sum = self.zero = 0.0
        self.positive: dict[int, float] = {}
        self.negative: dict[int, float] = {}

    def add(self, values: list[float], weight: float) -> None:
        for value in values:
            self.count += weight
            self.sum += value * weight
            if abs(value) <= SMALLEST:
                self.zero += weight
            else:
                buckets = self.positive if value > 0 else self.negative
                index = ceil(log2(abs(value)) * 2**SCALE) - 1
                buckets[index] = buckets.get(index, 0.0) + weight

    def point(self, labels: Labels) -> NewPoint:
        histogram = ExponentialHistogram(SCALE, self.count, self.sum, self.positive, self.negative, self.zero)
        return NewPoint(labels, HISTOGRAM, histogram=histogram, unit=self.unit)
