"""Requests by hour of each retained day: what tells a day's peak hour, longer than hourly statistics are kept."""

from analytics.clock import DAY_SECONDS, HOUR_SECONDS
from analytics.state.exact import UNIT_BITS, divided


class PeakHours:
    """24 request counts for each of the newest days that are kept."""

    def __init__(self) -> None:
        self._days: dict[int, list[int]] = {}

    def add(self, at: float, requests: int) -> None:
        """Count `requests`, in units of 2**-80, at `at` (seconds since the epoch)."""
        day, second = divmod(int(at), DAY_SECONDS)
        self._days.setdefault(day * DAY_SECONDS, [0] * 24)[second // HOUR_SECONDS] += requests

    def peak(self, day: int) -> tuple[int, float] | None:
        """Start of the busiest hour (the earliest of equals) of the day that starts at `day`, and its requests."""
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
        """The counts by the starts of their days, for `restore`."""
        return self._days

    def restore(self, days: dict[int, list[int]]) -> None:
        """Become what was dumped."""
        self._days = days
