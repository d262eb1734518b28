"""Metric families as they are exposed, independent of the format."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from msgspec import Struct

from analytics.points import Exemplar, Labels
from analytics.state.quantiles import SMALLEST, SketchBuckets

Kind = Literal["counter", "gauge", "histogram"]


class MetricFamily(NamedTuple):
    """The description of a family of series: the lines HELP and TYPE.

    Attributes:
        name: without the `_total` of a counter.
        is_custom: clients chose the name, so it may be invalid or taken.
    """

    name: str
    kind: Kind
    about: str
    is_custom: bool = False


def power_above(index: int, scale: int) -> int:
    """The least power of two that is not below the upper bound of an exponential bucket."""
    return (index >> scale) + 1 if scale >= 0 else (index + 1) << -scale


class Classic(Struct, frozen=True):
    """A histogram with fixed bounds.

    Attributes:
        buckets: finite upper bounds, ascending, and how many observations are at most that.
    """

    count: float
    sum: float
    buckets: Sequence[tuple[float, float]]


class Native(Struct, frozen=True):
    """A histogram with exponential buckets, from which classic ones follow exactly.

    Attributes:
        count: number of observations. Those that are in no bucket, as only their mean is known, exceed all bounds.
        buckets: None if all observations are such.
        powers: the classic upper bounds are these powers of two.
    """

    count: float
    sum: float
    buckets: SketchBuckets | None
    powers: range
    zero_threshold: float = SMALLEST

    @property
    def classic(self) -> Classic:
        """The same with fixed bounds. Powers of two are bounds of the exponential buckets, so the counts are exact."""
        if self.buckets is None:
            return Classic(self.count, self.sum, ())
        scale, zero, positive, negative = self.buckets
        by_power: dict[int, float] = {}
        for index, held in positive.items():
            power = power_above(index, scale)
            by_power[power] = by_power.get(power, 0) + held
        first, last, step = self.powers[0], self.powers[-1], self.powers.step
        counts: list[float] = [0] * len(self.powers)
        counts[0] += zero + sum(negative.values())
        for power, count in by_power.items():
            if power <= last:
                counts[max(0, -((first - power) // step))] += count
        bounds = (2.0**power for power in self.powers)
        return Classic(self.count, self.sum, list(zip(bounds, accumulate(counts), strict=True)))


Value = float | Classic | Native


class Slice(NamedTuple):
    """Some series of a metric. Slices of one metric follow each other.

    `exemplars` has those of counters and histograms, oldest first, by the place of the series.
    """

    metric: MetricFamily
    series: Sequence[tuple[Labels, Value]]
    exemplars: Mapping[int, Sequence[Exemplar]] = {}


Slices = Iterator[Slice | None]
"""Slices of metrics, and None where others may run: the state may be another one after it."""


def newest_within(exemplars: Sequence[Exemplar], above: float, up_to: float) -> Exemplar | None:
    """The newest exemplar of a bucket: with a value above one bound, and up to another."""
    return next((each for each in reversed(exemplars) if above < each.value <= up_to), None)


def single(metric: MetricFamily, value: float) -> Slice:
    """A metric without labels."""
    return Slice(metric, [((), value)])


def labelled(metric: MetricFamily, names: Sequence[str], values: Mapping[tuple[str, ...], Value]) -> Slice:
    """A metric with values by the values of its labels `names`."""
    return Slice(metric, [(tuple(zip(names, labels, strict=True)), value) for labels, value in values.items()])
