"""Requests by hour of each kept day, which give its peak hour for longer than hourly statistics are kept."""

from analytics.clock import DAY_SECONDS, HOUR_SECONDS
from analytics.state.exact import UNIT_BITS, divided


class PeakHours:
    """24 request counts for each kept day."""

    def __init__(self) -> None:
        self._days: dict[int, list[int]] = {}

    def add(self, at: float, requests: int) -> None:
        """Add `requests`, in units of 2**-80, at `at` (seconds since the epoch)."""
        day, second = divmod(int(at), DAY_SECONDS)
        self._days.setdefault(day * DAY_SECONDS, [0] * 24)[second // HOUR_SECONDS] += requests

    def peak(self, day: int) -> tuple[int, float] | None:
        """Start and requests of the busiest hour (the earliest of equals) of the day that starts at `day`, or None."""
        hours = self._days.get(day)
        if hours is None or not any(hours):
            return None
        most = max(hours)
        return day + hours.index(most) * HOUR_SECONDS, divided(most, 1 << UNIT_BITS)

    def forget(self, before: int) -> None:
        """Drop the days that start earlier."""
        for day in [day for day in self._days if day < before]:
            del self._days[day]

    def dump(self) -> dict[int, list[int]]:
        """The counts by start of the day, for `restore`."""
        return self._days

    def restore(self, days: dict[int, list[int]]) -> None:
        """Replace the content by a dump."""
        self._days = days
