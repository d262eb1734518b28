"""Native histograms: counts in exponential buckets, or in buckets with bounds of their own.

Bucket `i` of schema `s` holds the values in (2**((i-1) * 2**-s), 2**(i * 2**-s)]; `negative` likewise for magnitudes.
Custom buckets have the schema -53: bucket `i` holds the values in (bounds[i-1], bounds[i]], the last one those above.

Source: prometheus.io/docs/specs/native_histograms/
"""

import math
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from analytics.promql.text import float_text

CUSTOM = -53
UNKNOWN, RESET, NOT_RESET, GAUGE = "unknown", "reset", "not_reset", "gauge"
Buckets = dict[int, float]


class HistogramBucket(Struct, frozen=True):
    """One bucket. `includes_lower` for negative buckets and the zero bucket, `includes_upper` likewise."""

    lower: float
    upper: float
    count: float
    includes_lower: bool = False
    includes_upper: bool = True


class NativeHistogram(Struct, frozen=True):
    """A histogram whose counts may be fractions. Empty buckets are left out.

    Attributes:
        bounds: upper bounds of custom buckets, without the last one's infinity.
        hint: whether counts started anew since the sample before, or the histogram is a gauge.
    """

    schema: int = 0
    count: float = 0.0
    sum: float = 0.0
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    positive: Buckets = {}
    negative: Buckets = {}
    bounds: tuple[float, ...] = ()
    hint: str = UNKNOWN

    @property
    def is_custom(self) -> bool:
        """Whether its buckets have bounds of their own."""
        return self.schema == CUSTOM

    def buckets(self) -> list[HistogramBucket]:
        """All buckets that count something, in the order of their bounds."""
        if self.is_custom:
            return [self._custom(index, count) for index, count in sorted(self.positive.items())]
        found = [
            HistogramBucket(-bound(index, self.schema), -bound(index - 1, self.schema), count, True, False)
            for index, count in sorted(self.negative.items(), reverse=True)
        ]
        if self.zero_count:
            found.append(HistogramBucket(-self.zero_threshold, self.zero_threshold, self.zero_count, True, True))
        found += [
            HistogramBucket(bound(index - 1, self.schema), bound(index, self.schema), count)
            for index, count in sorted(self.positive.items())
        ]
        return found

    def _custom(self, index: int, count: float) -> HistogramBucket:
        lower = self.bounds[index - 1] if index else -math.inf
        upper = self.bounds[index] if index < len(self.bounds) else math.inf
        return HistogramBucket(lower, upper, count, includes_lower=index == 0, includes_upper=True)

    def scaled(self, factor: float) -> "NativeHistogram":
        """All counts times a factor. A negative one makes it a gauge."""
        return self._mapped(lambda value: value * factor, GAUGE if factor < 0 else self.hint)

    def divided(self, divisor: float) -> "NativeHistogram":
        """All counts divided; by 0, no bucket is left but the zero bucket."""
        if divisor == 0:
            cleared = replace(self, positive={}, negative={})
            return cleared._mapped(lambda value: _by_zero(value, divisor), self.hint)
        return self._mapped(lambda value: value / divisor, GAUGE if divisor < 0 else self.hint)

    def _mapped(self, change: Callable[[float], float], hint: str) -> "NativeHistogram":
        return replace(
            self,
            count=change(self.count),
            sum=change(self.sum),
            zero_count=change(self.zero_count),
            positive=filled({index: change(count) for index, count in self.positive.items()}),
            negative=filled({index: change(count) for index, count in self.negative.items()}),
            hint=hint,
        )

    def equals(self, other: "NativeHistogram") -> bool:
        """Whether all counts and bounds are the same, whatever the hints."""
        return replace(self, hint=UNKNOWN) == replace(other, hint=UNKNOWN)

    def __str__(self) -> str:
        parts = [f"count:{float_text(self.count)}", f"sum:{float_text(self.sum)}"]
        for each in self.buckets():
            left, right = "[" if each.includes_lower else "(", "]" if each.includes_upper else ")"
            parts.append(f"{left}{float_text(each.lower)},{float_text(each.upper)}{right}:{float_text(each.count)}")
        return "{" + ", ".join(parts) + "}"


def bound(index: int, schema: int) -> float:
    """Upper bound of an exponential bucket; infinity where it is not representable."""
    if schema < 0:
        power: float = index << -schema
    else:
        power = index / (1 << schema)
    if power >= 1024:
        return math.inf
    return 2.0**power if power > -1100 else 0.0


def filled(buckets: Mapping[int, float]) -> Buckets:
    """The buckets that count something."""
    return {index: count for index, count in buckets.items() if count != 0}


def magnitudes(buckets: Mapping[int, float], schema: int) -> Iterator[tuple[int, float, float, float]]:
    """Index, lower and upper bound and count of exponential buckets, from the smallest magnitude."""
    for index, count in sorted(buckets.items()):
        yield index, bound(index - 1, schema), bound(index, schema), count


def _by_zero(value: float, zero: float) -> float:
    if value == 0 or value != value:
        return math.nan
    return math.copysign(math.inf, value) * math.copysign(1, zero)
