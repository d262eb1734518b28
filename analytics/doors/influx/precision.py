"""Precisions of the timestamps of lines."""

from collections.abc import Mapping

NANOSECOND, MICROSECOND, MILLISECOND, SECOND = 1, 10**3, 10**6, 10**9
"""In nanoseconds."""
AUTO = 0
"""The precision follows from the size of each timestamp."""
MOST_TIME = 2**63 - 1
"""The greatest timestamp, in nanoseconds since the epoch: the year 2262."""
LEAST_SECONDS = 5 * 10**9
"""Below it, a timestamp of any precision is in seconds; each finer precision has three digits more."""

VERSION_1: Mapping[str, int] = {
    "": NANOSECOND,
    "n": NANOSECOND,
    "ns": NANOSECOND,
    "u": MICROSECOND,
    "us": MICROSECOND,
    "µ": MICROSECOND,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3_600 * SECOND,
}
VERSION_2: Mapping[str, int] = {"": NANOSECOND, "ns": NANOSECOND, "us": MICROSECOND, "ms": MILLISECOND, "s": SECOND}
VERSION_3: Mapping[str, int] = {
    **VERSION_2,
    "": AUTO,
    "auto": AUTO,
    "n": NANOSECOND,
    "u": MICROSECOND,
    "nanosecond": NANOSECOND,
    "microsecond": MICROSECOND,
    "millisecond": MILLISECOND,
    "second": SECOND,
}


def seconds(timestamp: int, precision: int) -> float:
    """A timestamp in seconds since the epoch.

    Raises:
        OverflowError: it does not fit into 64 bits as nanoseconds.
    """
    if precision == AUTO:
        precision = _guess(abs(timestamp))
    nanoseconds = timestamp * precision
    if abs(nanoseconds) > MOST_TIME:
        raise OverflowError(timestamp)
    return nanoseconds / SECOND


def _guess(timestamp: int) -> int:
    for precision in (SECOND, MILLISECOND, MICROSECOND):
        if timestamp < LEAST_SECONDS * (SECOND // precision):
            return precision
    return NANOSECOND
