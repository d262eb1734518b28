"""Quantiles, fractions and the spread of native histograms."""

import math
from collections.abc import Callable

from analytics.promql.histogram import HistogramBucket, NativeHistogram


def quantile(q: float, histogram: NativeHistogram) -> tuple[float, bool]:
    """The quantile, interpolated within its bucket, and whether NaN observations distort it.

    Exponential buckets are interpolated on a logarithmic scale, custom ones and the zero bucket linearly. A quantile
    below 0 is -infinity, above 1 infinity.
    """
    if q < 0 or q > 1:
        return math.copysign(math.inf, q), False
    if histogram.count == 0 or q != q:
        return math.nan, False
    has_nan = histogram.sum != histogram.sum
    forward = has_nan or q < 0.5
    rank = (q if forward else 1 - q) * histogram.count
    bucket, count = HistogramBucket(0.0, 0.0, 0.0), 0.0
    for bucket in histogram.buckets() if forward else reversed(histogram.buckets()):
        count += bucket.count
        if count >= rank:
            break
    if not bucket.count and not has_nan:
        return math.nan, False
    lower, upper = bucket.lower, bucket.upper
    if histogram.is_custom:
        if lower == -math.inf:
            if upper <= 0:
                return upper, has_nan
            lower = 0.0
        elif upper == math.inf:
            return lower, has_nan
    elif lower < 0 < upper:
        lower, upper = _one_sided(histogram, lower, upper)
    count = min(count, histogram.count)
    if count < rank:
        return (math.nan, True) if has_nan else (upper, False)
    rank = rank - (count - bucket.count) if forward else count - rank
    share = rank / bucket.count if bucket.count else math.nan
    if histogram.is_custom or lower <= 0 <= upper:
        return lower + (upper - lower) * share, has_nan
    low, high = _log(lower), _log(upper)
    if lower > 0:
        return 2 ** (low + (high - low) * share), has_nan
    return -(2 ** (high + (low - high) * (1 - share))), has_nan


def fraction(lower: float, upper: float, histogram: NativeHistogram) -> float:
    """Share of the observations between two values."""
    if histogram.count == 0 or lower != lower or upper != upper:
        return math.nan
    if lower >= upper:
        return 0.0
    ranks = [_rank(value, histogram) for value in (lower, upper)]
    return (ranks[1] - ranks[0]) / histogram.count


def _rank(value: float, histogram: NativeHistogram) -> float:
    rank = 0.0
    for bucket in histogram.buckets():
        low, high = bucket.lower, bucket.upper
        at_zero = low <= 0 <= high
        if at_zero:
            low, high = _one_sided(histogram, low, high)
        if low >= value:
            return min(rank, histogram.count)
        if high > value:
            if low == -math.inf:
                return min(bucket.count, histogram.count)
            linear = histogram.is_custom or at_zero
            share = (value - low) / (high - low) if linear else _logarithmic_share(value, low, high)
            return min(rank + bucket.count * share, histogram.count)
        rank += bucket.count
    return rank if histogram.sum != histogram.sum else histogram.count


def _one_sided(histogram: NativeHistogram, lower: float, upper: float) -> tuple[float, float]:
    """Bounds of the bucket around 0: a histogram with buckets on one side only has no values on the other."""
    if histogram.positive and not histogram.negative:
        return 0.0, upper
    if histogram.negative and not histogram.positive:
        return lower, 0.0
    return lower, upper


def _logarithmic_share(value: float, lower: float, upper: float) -> float:
    low, high, at = _log(lower), _log(upper), _log(value)
    if value > 0:
        return (at - low) / (high - low)
    return 1 - (at - high) / (low - high)


def _log(value: float) -> float:
    return math.log2(abs(value)) if value else -math.inf


def variance(histogram: NativeHistogram) -> float:
    """Variance, as if all values of a bucket were in its middle: the geometric one of exponential buckets."""
    if histogram.count == 0:
        return math.nan
    mean = histogram.sum / histogram.count
    total = lost = 0.0
    middle: Callable[[HistogramBucket], float] = _middle if histogram.is_custom else _geometric_middle
    for bucket in histogram.buckets():
        delta = middle(bucket) - mean
        value = bucket.count * delta * delta
        after = total + value
        if math.isinf(after):
            lost = 0.0
        else:
            lost += (total - after) + value if abs(total) >= abs(value) else (value - after) + total
        total = after
    return (total + lost) / histogram.count


def _middle(bucket: HistogramBucket) -> float:
    return (bucket.upper + bucket.lower) / 2


def _geometric_middle(bucket: HistogramBucket) -> float:
    if bucket.lower <= 0 <= bucket.upper:
        return 0.0
    middle = math.sqrt(bucket.upper * bucket.lower)
    return -middle if bucket.upper < 0 else middle
