"""Equality of values up to rounding, as promqltest defines it."""

import math

from analytics.promql.histogram import NativeHistogram
from analytics.promql.notation import NO_HINT, Value


def almost_equal(actual: Value, expected: Value) -> bool:
    """Equality up to rounding, as promqltest defines it."""
    if isinstance(actual, NativeHistogram) and isinstance(expected, NativeHistogram):
        return _same_histogram(actual, expected)
    if isinstance(actual, float) and isinstance(expected, float):
        return _same_number(actual, expected)
    return False


def _same_number(first: float, second: float) -> bool:
    if first == second or (math.isnan(first) and math.isnan(second)):
        return True
    total, difference = abs(first) + abs(second), abs(first - second)
    if first == 0 or second == 0 or total < 2.3e-308:
        return difference < 1e-6 * 2.3e-308
    return difference / min(total, 1.7976931348623157e308) < 1e-6


def _same_histogram(actual: NativeHistogram, expected: NativeHistogram) -> bool:
    if expected.hint != NO_HINT and actual.hint != expected.hint:
        return False
    if actual.schema != expected.schema or actual.bounds != expected.bounds:
        return False
    pairs = [
        (actual.count, expected.count),
        (actual.sum, expected.sum),
        (actual.zero_threshold, expected.zero_threshold),
        (actual.zero_count, expected.zero_count),
    ]
    for first, second in ((actual.positive, expected.positive), (actual.negative, expected.negative)):
        if first.keys() != second.keys():
            return False
        pairs += [(count, second[index]) for index, count in first.items()]
    return all(_same_number(first, second) for first, second in pairs)
