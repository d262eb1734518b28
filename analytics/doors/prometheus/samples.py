"""Samples of Prometheus' series: their values and times, and the marker of a series that ended."""

import math
from struct import pack

from analytics.errors import ValidationFailed
from analytics.points import COUNTER, NAME_LABEL, Labels, NewPoint

FIRST_TIME, LAST_TIME = -62_135_596_800.0, 253_402_300_799.0
"""Start of the year 1 and end of the year 9999, in seconds since the epoch."""


class NotFinite(ValidationFailed):
    """A value that cannot be kept: an infinity, or a counter that is not a number."""

    code = "not_finite"


def is_stale(value: float) -> bool:
    """Whether a value that is not a number marks the end of its series.

    Source: github.com/prometheus/prometheus/blob/main/model/value/value.go
    """
    return pack("<d", value) == b"\x02\0\0\0\0\0\xf0\x7f"


def seconds(milliseconds: int) -> float:
    """Seconds since the epoch; the nearest time that a calendar has, for one that is in none."""
    return within_calendar(milliseconds / 1000)


def within_calendar(at: float) -> float:
    """The nearest time between the years 1 and 9999; what is further away is refused like those."""
    return min(max(at, FIRST_TIME), LAST_TIME)


def point_of(labels: Labels, kind: str, value: float, at: float | None) -> NewPoint:
    """The point of a sample: a total of a counter, or the value of a gauge.

    A gauge that is not a number has no value: it ends, like a series with a stale marker, until its next value.

    Raises:
        NotFinite: the value cannot be kept.
    """
    is_counter = kind == COUNTER
    if value - value == 0:  # finite
        return NewPoint(labels, kind, value, at, None, is_counter)
    if math.isinf(value) or (is_counter and not is_stale(value)):
        raise NotFinite(f"The value {value} of {dict(labels)[NAME_LABEL][:40]!r} is not a finite number.")
    return NewPoint(labels, kind, None, at, None, is_counter)
