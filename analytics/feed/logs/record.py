"""The record of a request, and parsers of the fields that several formats share."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

MAX_LINE = 65_536
"""Bytes; web servers limit a request line to about 8 KiB and headers to about 16 KiB."""

MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_TIME = re.compile(r"\[?(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\]?", re.ASCII)
# HTTP/0.9 has no version; a target never contains a blank.
_REQUEST = re.compile(r"([A-Z][A-Z_-]{0,31}) (\S+)(?: HTTP/\d(?:\.\d)?)?", re.ASCII)
_ESCAPE = re.compile(r'(?:\\x[0-9A-Fa-f]{2})+|\\["\\]')


class DamagedLineError(ValueError):
    """A line cannot be read in its format; the message is the reason."""


class Record(NamedTuple):
    """One request that a web server answered.

    Attributes:
        address: address of the client.
        time: whole seconds since the epoch.
        method: None, like `path`, if the request line is "-" or not HTTP; such requests were answered too (400, 408).
        path: without its query string.
        status: None if the log has "-".
        size: bytes, 0 if the log has "-".
        referrer: None if there is none.
        agent: None if there is none.
        latency: milliseconds, None if the log does not have it.
    """

    address: str
    time: int
    method: str | None
    path: str | None
    status: int | None
    size: int
    referrer: str | None
    agent: str | None
    latency: float | None = None


Parser = Callable[[bytes], Record | None]
"""Parses a line, with or without its line end; returns None for comments and directives.

Raises DamagedLineError. A parser may keep state from earlier lines, such as column names, so use a new one for each
reading of a file.
"""


def text_of(raw: bytes) -> str:
    """A line as text, without its line end; bytes that are not UTF-8 are escaped.

    Raises:
        DamagedLineError: the line is too long.
    """
    bare = raw.rstrip(b"\r\n")
    if len(bare) > MAX_LINE:
        raise DamagedLineError(f"line is longer than {MAX_LINE:,} bytes")
    return bare.decode("utf-8", "backslashreplace")


def request_line(line: str) -> tuple[str, str] | tuple[None, None]:
    """Method and path of `GET /path?query HTTP/1.1`; None for both if it is not HTTP."""
    match = _REQUEST.fullmatch(line)
    if match is None:
        return None, None
    method, target = match.groups()
    return method, unescape(target.partition("?")[0])


def optional(field: str | None) -> str | None:
    """A field without its escapes; None if it is empty or "-"."""
    return None if field in (None, "", "-") else unescape(field or "")


def unescape(field: str) -> str:
    r"""Undo the escapes of Apache and nginx: `\"`, `\\`, `\x22`, and UTF-8 as `\xC3\xBC`.

    Control characters, and bytes that are not UTF-8, stay escaped.
    """
    return _ESCAPE.sub(_unescaped, field) if "\\" in field else field


def _unescaped(match: re.Match[str]) -> str:
    escaped = match[0]
    if not escaped.startswith("\\x"):
        return escaped[1:]
    try:
        text = bytes.fromhex(escaped.replace("\\x", "")).decode()
    except UnicodeDecodeError:
        return escaped
    return text if text.isprintable() else escaped


@lru_cache(maxsize=4096)
def clf_time(when: str) -> int:
    """Seconds since the epoch of `17/May/2015:10:05:03 +0000`, with or without brackets.

    Raises:
        DamagedLineError: the text is not such a time.
    """
    match = _TIME.fullmatch(when)
    if match is None or match[2] not in MONTHS:
        raise DamagedLineError(f"time {when[:40]!r} is not like 17/May/2015:10:05:03 +0000")
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset) if offset else UTC
        moment = datetime(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=zone)
        return int(moment.timestamp())
    except (ValueError, OverflowError) as error:
        raise DamagedLineError(f"time {when!r} does not exist: {error}") from None


def iso_time(when: str) -> int:
    """Seconds since the epoch of `2015-05-17T10:05:03Z`; a time without a zone is UTC.

    Raises:
        DamagedLineError: the text is not such a time.
    """
    try:
        moment = datetime.fromisoformat(when)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise DamagedLineError(f"time {when[:40]!r} is not like 2015-05-17T10:05:03Z") from None
