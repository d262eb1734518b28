"""Times that log lines state, in nanoseconds since the epoch."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO = r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|[+-]\d\d:?\d\d)?"
_iso = re.compile(_ISO).match
_at_start = re.compile(rf"\W{{0,3}}(?:[A-Z]{{4,8}}\W{{1,3}})?{_ISO}").match
_clf = re.compile(r"\[(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]").search
_syslog = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) ").match
_LOOKED_AT = 200
_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (1e8, 1_000_000_000))
"""Numbers from which on a time is in nanoseconds, microseconds, milliseconds and seconds, and their nanoseconds."""


def time_of(value: Any) -> int | None:
    """The time that a field states: ISO 8601, or a number since 1970, whose size tells its unit."""
    if isinstance(value, str):
        found = _iso(value)
        if found is not None:
            return _from_iso(found)
        try:
            value = int(value) if value.isdigit() else float(value)
        except ValueError:
            return None
    if type(value) not in (int, float):
        return None
    for least, unit in _UNITS:
        if least <= value < least * 1000:
            return int(value * unit) if type(value) is int else int(value) * unit + int(value % 1 * unit)
    return None


def time_in(text: str, now: float) -> int | None:
    """The time at the start of a text, or in brackets as access logs have it; `now` tells the year of syslog's."""
    head = text[:_LOOKED_AT]
    found = _at_start(head)
    if found is not None:
        return _from_iso(found)
    found = _clf(head)
    if found is not None:
        day, month, year, hour, minute, second, zone = found.groups()
        return _nanoseconds(year, month, day, hour, minute, second, zone)
    found = _syslog(head)
    if found is None:
        return None
    month, day, hour, minute, second = found.groups()
    this_year = datetime.fromtimestamp(now, UTC).year
    times = [_nanoseconds(year, month, day, hour, minute, second, None) for year in (this_year, this_year - 1)]
    return next((time for time in times if time is not None and time / 1e9 < now + 86_400), None)


def _from_iso(found: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    whole = _nanoseconds(year, month, day, hour, minute, second, zone)
    return None if whole is None else whole + int((fraction or "0").ljust(9, "0"))


def _nanoseconds(year: Any, month: str, day: str, hour: str, minute: str, second: str, zone: str | None) -> int | None:
    """A time; without a zone it is this machine's."""
    try:
        number = int(month) if month.isdigit() else MONTHS.index(month) + 1
        time = datetime(int(year), number, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=_zone(zone))
        return max(0, int(time.timestamp())) * 1_000_000_000
    except (ValueError, OverflowError, OSError):
        return None


def _zone(text: str | None) -> timezone | None:
    if text is None or text in ("Z", "UTC"):
        return None if text is None else UTC
    ahead = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-ahead if text[0] == "-" else ahead)
