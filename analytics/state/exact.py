"""Exact sums: integers in units of a power of two, independent of the order of additions."""

import math
from collections.abc import Iterable

UNIT_BITS = 80
"""Counts and milliseconds are added in units of 2**-80; the sum of one request is truncated to it."""
UNIT = 2.0**-UNIT_BITS
_UNITS = 2.0**UNIT_BITS
_LARGE = 2.0**53


def in_units(value: float) -> int:
    """A finite number in units of 2**-80."""
    if value.__class__ is int:
        return value << UNIT_BITS
    return int(value * _UNITS) if -_LARGE < value < _LARGE else int(value) << UNIT_BITS


def divided(dividend: int, divisor: int) -> float:
    """The nearest float; infinity beyond the range of floats."""
    try:
        return dividend / divisor
    except OverflowError:
        return math.copysign(math.inf, dividend)


def exact_sum(values: Iterable[float]) -> tuple[int, int]:
    """Sum of finite numbers: an integer and its shift, for a sum of integer / 2**shift."""
    total = shift = 0
    for value in values:
        top, bottom = value.as_integer_ratio()
        own = bottom.bit_length() - 1
        if own > shift:
            total, shift = total << (own - shift), own
        total += top << (shift - own)
    return total, shift
