"""Exact sums: numbers as integers in units of a power of two, so that no order of additions changes a sum."""

import math
from collections.abc import Iterable

UNIT_BITS = 80
"""Counts and milliseconds are added up in units of 2**-80; finer digits of one request's sum are cut."""
_UNIT = 2.0**UNIT_BITS
_LARGE = 2.0**53


def in_units(value: float) -> int:
    """A finite number in units of 2**-80."""
    if value.__class__ is int:
        return value << UNIT_BITS
    return int(value * _UNIT) if -_LARGE < value < _LARGE else int(value) << UNIT_BITS


def divided(dividend: int, divisor: int) -> float:
    """The nearest float; infinite where it is beyond all of them."""
    try:
        return dividend / divisor
    except OverflowError:
        return math.copysign(math.inf, dividend)


def exact_sum(values: Iterable[float]) -> tuple[int, int]:
    """The sum of finite numbers as an integer, and the power of two that divides it."""
    total = shift = 0
    for value in values:
        top, bottom = value.as_integer_ratio()
        own = bottom.bit_length() - 1
        if own > shift:
            total, shift = total << (own - shift), own
        total += top << (shift - own)
    return total, shift
