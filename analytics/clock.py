"""Wall and monotonic clock, passed in everywhere so that tests control time, and conversions of times."""

import time
from datetime import UTC, datetime
from typing import Protocol

MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3_600, 86_400
_FIRST, _LAST = -62_135_596_800, 253_402_300_799
"""The first and last second of the calendar's years 1 to 9999."""

NUMBER_GAP = 2**20
"""The least count of numbers that a start of the service skips: more than `relaxed` can lose records."""


class Clock(Protocol):
    """Seconds since the Unix epoch (`wall`), and seconds that never go back (`monotonic`)."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The clock of the machine."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def utc(at: float) -> datetime:
    """`at` (seconds since the epoch) as an aware datetime in UTC; times outside of the calendar are its nearer end."""
    return datetime.fromtimestamp(min(max(at, _FIRST), _LAST), UTC)


def rfc3339(at: float) -> str:
    """`at` (seconds since the epoch) as RFC 3339 in UTC, to the millisecond: 2024-01-15T10:30:00.000Z."""
    return utc(at).isoformat(timespec="milliseconds")[:-6] + "Z"


def rfc3339_second(at: float) -> str:
    """`at` (seconds since the epoch) as RFC 3339 in UTC without fractions: 2024-01-15T10:30:00Z."""
    return utc(at).isoformat(timespec="seconds")[:-6] + "Z"


def first_number(last: int, start: float) -> int:
    """The first number for what is recorded after a start (seconds since the epoch), where `last` was the last one.

    It is the time in microseconds, or follows a gap if the clock is behind. A record takes longer than a microsecond,
    so no number is used twice, even if records after `last` were lost, or a backup without them was restored.
    """
    return max(round(start * 1e6), last + NUMBER_GAP + 1)
