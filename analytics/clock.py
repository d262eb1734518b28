"""Wall and monotonic time, handed to whatever needs them so that tests own time."""

import time
from datetime import UTC, datetime
from typing import Protocol

MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3_600, 86_400


class Clock(Protocol):
    """Seconds since the Unix epoch (`wall`) and seconds that never go back (`monotonic`)."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's own time."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def utc(at: float) -> datetime:
    """The aware UTC datetime of `at` (seconds since the epoch)."""
    return datetime.fromtimestamp(at, UTC)


def rfc3339(at: float) -> str:
    """`at` (seconds since the epoch) as RFC 3339 in UTC, to the millisecond: 2024-01-15T10:30:00.000Z."""
    return utc(at).isoformat(timespec="milliseconds")[:-6] + "Z"


def rfc3339_second(at: float) -> str:
    """`at` as RFC 3339 in UTC without fractions, for the starts of buckets: 2024-01-15T10:30:00Z."""
    return utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
