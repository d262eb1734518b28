"""Recurring times: windows of some weekdays in a time zone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class TimeWindow(NamedTuple):
    """A span of time, in seconds since the epoch; its end is not part of it."""

    start: float
    end: float


def window_at(recurring: Sequence[Mapping[str, Any]], at: float) -> TimeWindow | None:
    """The window that `at` lies in, joined with those that follow it without a gap; None if it lies in none.

    Args:
        recurring: windows of the week, with `weekdays`, `start`, `end` and `time_zone` as in the catalog.
    """
    found = None
    for window in sorted(window for given in recurring for window in _windows(given, at)):
        if found is None and window.start <= at < window.end:
            found = window
        elif found is not None and window.start <= found.end:
            found = TimeWindow(found.start, max(found.end, window.end))
    return found


def newest_end(recurring: Sequence[Mapping[str, Any]], at: float) -> float | None:
    """The newest end of a window that is not after `at`; None if there is none in the week before."""
    ends = (window.end for given in recurring for window in _windows(given, at - 7 * 86_400))
    return max((end for end in ends if end <= at), default=None)


def _windows(given: Mapping[str, Any], at: float) -> Iterator[TimeWindow]:
    """The windows that start on the day before `at`, or on one of the next seven."""
    zone = _zone(given["time_zone"])
    first = datetime.fromtimestamp(at, zone).date() - timedelta(days=1)
    start, end = given["start"], given["end"]
    for day in (first + timedelta(days=number) for number in range(9)):
        if WEEKDAY_NAMES[day.weekday()] in given["weekdays"]:
            last = day if start < end else day + timedelta(days=1)
            yield TimeWindow(_time(day, start, zone), _time(last, end, zone))


def _time(day: date, time_of_day: str, zone: "ZoneInfo") -> float:
    """A time of a day. One that summer time skips is an hour later; of one that comes twice the first is meant."""
    hours, minutes = map(int, time_of_day.split(":"))
    day += timedelta(days=hours // 24)
    return datetime(day.year, day.month, day.day, hours % 24, minutes, tzinfo=zone).timestamp()


@lru_cache(64)
def _zone(name: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo  # with the first time zone: it takes 0.5 MB

    return ZoneInfo(name)
