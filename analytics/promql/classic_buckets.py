"""Classic histograms: cumulative counts in series with the label `le`.

Source: prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

Cumulative = list[tuple[float, float]]
"""Upper bounds and cumulative counts, ordered by bound."""

_TOLERANCE = 1e-12
"""Relative difference of neighbouring counts that is a rounding error."""


def quantile(q: float, buckets: Cumulative) -> tuple[float, bool]:
    """The quantile, interpolated linearly in its bucket, and whether falling counts had to be raised."""
    if q != q or not buckets:
        return math.nan, False
    if q < 0 or q > 1:
        return math.copysign(math.inf, q), False
    bounds, counts = _coalesced(buckets)
    if bounds[-1] != math.inf:
        return math.nan, False
    forced = _make_monotonic(counts)
    if len(bounds) < 2 or counts[-1] == 0 or counts[-1] != counts[-1]:
        return math.nan, forced
    rank = q * counts[-1]
    place = bisect_left(counts, rank, 0, len(counts) - 1)
    if place == len(counts) - 1:
        return bounds[-2], forced
    if place == 0 and bounds[0] <= 0:
        return bounds[0], forced
    start, before = (bounds[place - 1], counts[place - 1]) if place else (0.0, 0.0)
    inside = counts[place] - before
    return start + (bounds[place] - start) * ((rank - before) / inside if inside else math.nan), forced


def fraction(lower: float, upper: float, buckets: Cumulative) -> float:
    """Share of the observations between two values."""
    bounds, counts = _coalesced(buckets)
    if bounds[-1] != math.inf or counts[-1] == 0 or lower != lower or upper != upper:
        return math.nan
    if lower >= upper:
        return 0.0
    return (_rank(upper, bounds, counts) - _rank(lower, bounds, counts)) / counts[-1]


def _rank(value: float, bounds: Sequence[float], counts: Sequence[float]) -> float:
    rank = 0.0
    for place, (high, count) in enumerate(zip(bounds, counts, strict=True)):
        low = bounds[place - 1] if place else (0.0 if high > 0 else -math.inf)
        if low >= value:
            return min(rank, counts[-1])
        if high > value:
            if low == -math.inf:
                return min(count, counts[-1])
            return min(rank + (count - rank) * (value - low) / (high - low), counts[-1])
        rank = count
    return counts[-1]


def _coalesced(buckets: Cumulative) -> tuple[list[float], list[float]]:
    """Bounds and counts; those with the same bound are added up."""
    merged: dict[float, float] = {}
    for bound, count in sorted(buckets, key=lambda bucket: bucket[0]):
        merged[bound] = merged.get(bound, 0.0) + count
    return list(merged), list(merged.values())


def _make_monotonic(counts: list[float]) -> bool:
    forced, previous = False, counts[0]
    for place in range(1, len(counts)):
        current = counts[place]
        if current == previous:
            continue
        if abs(current - previous) < _TOLERANCE * max(abs(current), abs(previous)):
            counts[place] = previous
        elif current < previous:
            counts[place], forced = previous, True
        else:
            previous = current
    return forced
