"""Points from OTLP's histograms: classic ones with explicit bounds, and exponential ones.

Source: opentelemetry.io/docs/specs/otel/metrics/data-model/#histogram
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import Any

from analytics.doors.otlp.exemplars import exemplars_of
from analytics.doors.otlp.series import BadPoint, PointMaker, number
from analytics.points import COUNTER, Exemplar, ExponentialHistogram, NewPoint

LEAST_SCALE, MOST_SCALE = -10, 20
MOST_BUCKETS = 1_000
"""Buckets of one data point."""


def classic_points(series: PointMaker, point: Any) -> Iterator[NewPoint]:
    """A counter for each bucket (`_bucket`, up to the bound in its label `le`), and those of the `_sum` and `_count`.

    An exemplar belongs to the bucket of its value.

    Raises:
        BadPoint: the bounds do not rise, or their number does not fit the counts.
    """
    bounds, counts = list(point.explicit_bounds), list(point.bucket_counts)
    if len(bounds) >= MOST_BUCKETS:
        raise BadPoint(f"{len(bounds)} bounds are too many")
    if len(counts) != len(bounds) + 1 and (counts or bounds):
        raise BadPoint(f"{len(counts)} counts do not fit {len(bounds)} bounds")
    if bounds and bounds[-1] == math.inf:
        bounds.pop()
        counts[-2:] = [sum(counts[-2:])]
    if not all(map(math.isfinite, bounds)) or not all(low < high for low, high in pairwise(bounds)):
        raise BadPoint("the bounds of its buckets do not rise")
    if counts and (min(counts) < 0 or sum(counts) != point.count):
        raise BadPoint(f"its buckets have {sum(counts)} values, and its count is {point.count}")
    of_bucket: dict[int, tuple[Exemplar, ...]] = {}
    for each in exemplars_of(point):
        place = bisect_left(bounds, each.value)
        of_bucket[place] = (*of_bucket.get(place, ()), each)
    totals = accumulate(counts or [number(point.count)], initial=0.0)
    next(totals)
    for place, (bound, total) in enumerate(zip([*bounds, math.inf], totals, strict=True)):
        le = ("le", series.bound(bound))
        yield series.point(COUNTER, total, suffix="_bucket", extra=le, exemplars=of_bucket.get(place, ()))
    if point.HasField("sum"):
        yield series.point(COUNTER, number(point.sum), suffix="_sum")
    yield series.point(COUNTER, number(point.count), suffix="_count")


def exponential_point(series: PointMaker, point: Any) -> NewPoint:
    """A histogram with the same buckets; where the sum is not known, it is estimated from them.

    Raises:
        BadPoint: the scale is not between -10 and 20, or the count does not fit the buckets.
    """
    scale = point.scale
    if not LEAST_SCALE <= scale <= MOST_SCALE:
        raise BadPoint(f"its scale is {scale}, not between {LEAST_SCALE} and {MOST_SCALE}")
    positive, negative = _buckets(point.positive, scale), _buckets(point.negative, scale)
    count = sum(positive.values()) + sum(negative.values()) + point.zero_count
    if count != point.count or point.zero_count < 0:
        raise BadPoint(f"its buckets have {count:.0f} values, and its count is {point.count}")
    total = point.sum if point.HasField("sum") else _estimate(positive, scale) - _estimate(negative, scale)
    threshold = number(point.zero_threshold)
    if threshold < 0:
        raise BadPoint("its zero threshold is negative")
    return series.histogram(
        ExponentialHistogram(
            scale, float(count), number(total), positive, negative, float(point.zero_count), threshold
        ),
        exemplars_of(point),
    )


def _buckets(buckets: Any, scale: int) -> dict[int, float]:
    counts = buckets.bucket_counts
    if len(counts) > MOST_BUCKETS:
        raise BadPoint(f"{len(counts)} buckets are too many")
    found = {buckets.offset + place: float(count) for place, count in enumerate(counts) if count}
    if found and (min(found.values()) < 0 or not _is_finite(found, scale)):
        raise BadPoint("a bucket is out of the range of 64-bit numbers, or its count is negative")
    return found


def _is_finite(indexes: Iterable[int], scale: int) -> bool:
    """Whether the lower bounds of all buckets are numbers of 64 bits: magnitudes from 2**-1075 to 2**1024."""
    return all(-1075 <= index / 2**scale < 1024 for index in indexes)


def _estimate(buckets: dict[int, float], scale: int) -> float:
    """The sum of values in the middle of their buckets."""
    return math.fsum(count * 2.0 ** min((index + 0.5) / 2**scale, 1023.0) for index, count in buckets.items())
