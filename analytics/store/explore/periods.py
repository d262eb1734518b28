"""Periods of an answer: their starts in UTC. Weeks start on Monday."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from analytics.store.explore.questions import Interval

LENGTHS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def start_of(at: datetime, interval: Interval) -> datetime:
    """The start of the period that holds a time."""
    at = at.astimezone(UTC).replace(second=0, microsecond=0)
    if interval == "minute":
        return at
    at = at.replace(minute=0)
    if interval == "hour":
        return at
    at = at.replace(hour=0)
    if interval == "day":
        return at
    return at - timedelta(days=at.weekday()) if interval == "week" else at.replace(day=1)


def next_start(start: datetime, interval: Interval) -> datetime:
    """The start of the period after the one that starts at `start`."""
    if interval == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + (timedelta(weeks=1) if interval == "week" else LENGTHS[interval])


def starts(since: datetime, until: datetime, interval: Interval) -> Iterator[datetime]:
    """The starts of all periods that hold times from `since` to before `until`."""
    start = start_of(since, interval)
    while start < until:
        yield start
        start = next_start(start, interval)


def text_of_start(start: datetime) -> str:
    """The start of a period in RFC 3339."""
    return f"{start.replace(tzinfo=None).isoformat()}Z"
