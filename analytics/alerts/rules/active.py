"""Times in which a rule is active: weekdays and times of day in a time zone."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class ActiveTimes(NamedTuple):
    """Recurring times.

    Attributes:
        weekdays: on which they start, 0 is Monday.
        start, end: minutes since midnight; they end on the next day if `end` is not after `start`.
    """

    weekdays: frozenset[int]
    start: int
    end: int
    zone: ZoneInfo

    def contain(self, at: float) -> bool:
        """Whether they contain a time, in seconds since the epoch."""
        local = datetime.fromtimestamp(at, UTC).astimezone(self.zone)
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return today in self.weekdays and self.start <= minute < self.end
        yesterday = (local - timedelta(days=1)).weekday()
        return (today in self.weekdays and minute >= self.start) or (yesterday in self.weekdays and minute < self.end)
