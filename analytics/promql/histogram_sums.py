"""Sums, differences and means of native histograms, which are brought to common buckets first."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from analytics.promql import kahan
from analytics.promql.histogram import (
    CUSTOM,
    GAUGE,
    NOT_RESET,
    RESET,
    UNKNOWN,
    Buckets,
    NativeHistogram,
    filled,
    magnitudes,
)


class Mixed(Exception):
    """Exponential and custom buckets have nothing in common."""


class HistogramOutcome(NamedTuple):
    """A histogram made of others.

    Attributes:
        collides: a reset of counters was summed with none.
        reconciled: bounds of custom buckets differed; those that all share remain.
    """

    histogram: NativeHistogram
    collides: bool
    reconciled: bool


def total(histograms: Sequence[NativeHistogram]) -> HistogramOutcome:
    """The sum. Raises `Mixed`."""
    return _combined(histograms, means=False)


def mean(histograms: Sequence[NativeHistogram]) -> HistogramOutcome:
    """The mean. Raises `Mixed`."""
    return _combined(histograms, means=True)


def added(left: NativeHistogram, right: NativeHistogram) -> HistogramOutcome:
    """Their sum. Raises `Mixed`."""
    (first, second), reconciled = fitted([left, right])
    hint, collides = _joined_hint(left.hint, right.hint)
    return HistogramOutcome(_linear(first, second, 1.0, hint), collides, reconciled)


def subtracted(left: NativeHistogram, right: NativeHistogram) -> HistogramOutcome:
    """Their difference, which is a gauge. Raises `Mixed`."""
    (first, second), reconciled = fitted([left, right])
    _, collides = _joined_hint(left.hint, right.hint)
    return HistogramOutcome(_linear(first, second, -1.0, GAUGE), collides, reconciled)


def started_anew(previous: NativeHistogram, current: NativeHistogram) -> bool:
    """Whether any count fell since the previous sample, so that the counter must have been reset."""
    if current.hint in (RESET, NOT_RESET):
        return current.hint == RESET
    if current.count < previous.count or current.is_custom != previous.is_custom:
        return True
    if current.is_custom:
        (before, after), _ = fitted([previous, current])
        if previous.bounds == current.bounds:
            return _fell(before.positive, after.positive)
        return _fell(_running(before), _running(after))
    if current.schema > previous.schema or current.zero_threshold < previous.zero_threshold:
        return True
    zero_count, threshold = _widened_zero(previous, current.zero_threshold)
    if threshold != current.zero_threshold or current.zero_count < zero_count:
        return True
    before = _coarser(_with_zero(previous, threshold), current.schema)
    return _fell(before.positive, current.positive) or _fell(before.negative, current.negative)


def fitted(histograms: Sequence[NativeHistogram]) -> tuple[list[NativeHistogram], bool]:
    """The histograms with common buckets, and whether custom bounds had to be reconciled. Raises `Mixed`."""
    first = histograms[0]
    if any(each.is_custom != first.is_custom for each in histograms):
        raise Mixed
    if first.is_custom:
        return _with_shared_bounds(histograms)
    threshold = max(each.zero_threshold for each in histograms)
    settled = False
    while not settled:
        settled = True
        for each in histograms:
            _, wider = _widened_zero(each, threshold)
            if wider != threshold:
                threshold, settled = wider, False
    schema = min(each.schema for each in histograms)
    return [_coarser(_with_zero(each, threshold), schema) for each in histograms], False


def _combined(histograms: Sequence[NativeHistogram], *, means: bool) -> HistogramOutcome:
    if len(histograms) == 1:
        return HistogramOutcome(histograms[0], False, False)
    hint, collides = histograms[0].hint, False
    for each in histograms[1:]:
        hint, clash = _joined_hint(hint, each.hint)
        collides |= clash
    seen = {each.hint for each in histograms}
    collides |= RESET in seen and NOT_RESET in seen
    aligned, reconciled = fitted(histograms)
    positive = sorted({index for each in aligned for index in each.positive})
    negative = sorted({index for each in aligned for index in each.negative})
    table = np.array(
        [
            [each.count, each.sum, each.zero_count]
            + [each.positive.get(index, 0.0) for index in positive]
            + [each.negative.get(index, 0.0) for index in negative]
            for each in aligned
        ]
    )
    everywhere = np.ones(table.shape, bool)
    row = (kahan.means(table, everywhere, together=True) if means else kahan.sums(table, everywhere)).tolist()
    split = 3 + len(positive)
    combined = replace(
        aligned[0],
        count=row[0],
        sum=row[1],
        zero_count=row[2],
        positive=filled(dict(zip(positive, row[3:split], strict=True))),
        negative=filled(dict(zip(negative, row[split:], strict=True))),
        hint=hint,
    )
    return HistogramOutcome(combined, collides, reconciled)


def _linear(left: NativeHistogram, right: NativeHistogram, factor: float, hint: str) -> NativeHistogram:
    def both(first: Buckets, second: Buckets) -> Buckets:
        result = dict(first)
        for index, count in second.items():
            result[index] = result.get(index, 0.0) + factor * count
        return filled(result)

    return replace(
        left,
        count=left.count + factor * right.count,
        sum=left.sum + factor * right.sum,
        zero_count=left.zero_count + factor * right.zero_count,
        positive=both(left.positive, right.positive),
        negative=both(left.negative, right.negative),
        hint=hint,
    )


def _joined_hint(left: str, right: str) -> tuple[str, bool]:
    if left == right:
        return left, False
    if GAUGE in (left, right):
        return GAUGE, False
    return UNKNOWN, UNKNOWN not in (left, right)


def _coarser(histogram: NativeHistogram, schema: int) -> NativeHistogram:
    shift = histogram.schema - schema
    if shift <= 0:
        return histogram

    def merged(buckets: Buckets) -> Buckets:
        result: Buckets = {}
        for index, count in buckets.items():
            target = ((index - 1) >> shift) + 1
            result[target] = result.get(target, 0.0) + count
        return result

    positive, negative = merged(histogram.positive), merged(histogram.negative)
    return replace(histogram, schema=schema, positive=positive, negative=negative)


def _widened_zero(histogram: NativeHistogram, threshold: float) -> tuple[float, float]:
    """Count of a zero bucket up to a threshold, which grows to the end of a bucket that it would cut."""
    if threshold == histogram.zero_threshold:
        return histogram.zero_count, threshold
    while True:
        count, limit = histogram.zero_count, threshold
        for buckets in (histogram.positive, histogram.negative):
            for _, lower, upper, inside in magnitudes(buckets, histogram.schema):
                if lower >= threshold:
                    break
                count += inside
                if upper > threshold and inside:
                    threshold = upper
        if threshold == limit:
            return count, threshold


def _with_zero(histogram: NativeHistogram, threshold: float) -> NativeHistogram:
    if threshold == histogram.zero_threshold:
        return histogram
    count, threshold = _widened_zero(histogram, threshold)
    schema = histogram.schema

    def outside(buckets: Buckets) -> Buckets:
        return {index: inside for index, lower, _, inside in magnitudes(buckets, schema) if lower >= threshold}

    positive, negative = outside(histogram.positive), outside(histogram.negative)
    return replace(histogram, zero_threshold=threshold, zero_count=count, positive=positive, negative=negative)


def _with_shared_bounds(histograms: Sequence[NativeHistogram]) -> tuple[list[NativeHistogram], bool]:
    first = histograms[0].bounds
    if all(each.bounds == first for each in histograms):
        return list(histograms), False
    shared = tuple(each for each in first if all(each in other.bounds for other in histograms[1:]))
    return [_rebounded(each, shared) for each in histograms], True


def _rebounded(histogram: NativeHistogram, bounds: tuple[float, ...]) -> NativeHistogram:
    positive: Buckets = {}
    for index, count in histogram.positive.items():
        upper = histogram.bounds[index] if index < len(histogram.bounds) else math.inf
        target = int(np.searchsorted(bounds, upper)) if bounds else 0
        positive[target] = positive.get(target, 0.0) + count
    return replace(histogram, schema=CUSTOM, positive=positive, bounds=bounds)


def _running(histogram: NativeHistogram) -> Buckets:
    count, result = 0.0, {}
    for index in range(len(histogram.bounds) + 1):
        count += histogram.positive.get(index, 0.0)
        result[index] = count
    return result


def _fell(before: Buckets, after: Buckets) -> bool:
    return any(after.get(index, 0.0) < count for index, count in before.items())
