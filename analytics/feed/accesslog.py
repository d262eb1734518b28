"""Parser of Apache and nginx access log lines in common and combined format."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

#: Bytes of one line that are still parsed; web servers cap a request line near 8 KiB and headers near 16 KiB.
MAX_LINE = 65_536

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}

# Possessive quantifiers: a field that is not closed fails at once instead of backtracking through the line.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_HEAD = (
    ("client address", r'([^\s"\x00-\x1f]+)'),
    ("identity", r" \S+"),
    ("user name", r" [^\[]*[^\[\s]"),
    ("time", r" \[([^\]]*)\]"),
    ("request line", " " + _QUOTED),
    ("status", r" (\d{3})(?= |$)"),
    ("size", r" (\d+|-)(?= |$)"),
)
_TAIL = (
    ("referrer", " " + _QUOTED),
    ("user agent", " " + _QUOTED),
    # nginx's "main" format and many house formats append fields; they are well-formed, so the line is whole.
    ("extra fields", r'(?: (?:"(?:[^"\\]++|\\.)*+"|[^\s"]+))*+ *$'),
)
_LINE = re.compile(
    "".join(pattern for _, pattern in _HEAD) + "(?:" + "".join(pattern for _, pattern in _TAIL) + "| *$)"
)
_STEPS = [(name, re.compile(pattern)) for name, pattern in _HEAD + _TAIL]

_TIME = re.compile(r"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})", re.ASCII)
# HTTP/0.9 has no version; a target never holds a blank.
_REQUEST = re.compile(r"([A-Z][A-Z_-]{0,31}) (\S+)(?: HTTP/\d(?:\.\d)?)?", re.ASCII)
_ESCAPE = re.compile(r'\\(["\\])')


class DamagedLineError(ValueError):
    """A line that is no whole common or combined log line; the message is the plain reason."""


class Record(NamedTuple):
    """One request that a web server answered.

    `time` is in whole seconds since the epoch; `size` in bytes, 0 where the log says "-". `method` and
    `path` are None when the request line was "-" or no HTTP: the client was answered (400, 408) and counts
    as a request. `path` has no query string. `referrer` and `agent` are None in common format and where the
    log says "-".
    """

    address: str
    time: int
    method: str | None
    path: str | None
    status: int
    size: int
    referrer: str | None
    agent: str | None


def parse_line(raw: bytes) -> Record:
    """Turn one line, with or without its line end, into a record; raises DamagedLineError with the reason."""
    bare = raw.rstrip(b"\r\n")
    if len(bare) > MAX_LINE:
        raise DamagedLineError(f"line is longer than {MAX_LINE:,} bytes")
    line = bare.decode("utf-8", "backslashreplace")
    match = _LINE.match(line)
    if match is None:
        raise DamagedLineError(_what_is_wrong(line))
    address, when, request, status, size, referrer, agent = match.groups()
    method, path = _request(request)
    return Record(
        address=address,
        time=_epoch(when),
        method=method,
        path=path,
        status=int(status),
        size=0 if size == "-" else int(size),
        referrer=_optional(referrer),
        agent=_optional(agent),
    )


def _request(line: str) -> tuple[str, str] | tuple[None, None]:
    match = _REQUEST.fullmatch(line)
    if match is None:
        return None, None
    method, target = match.groups()
    return method, _unescape(target.partition("?")[0])


def _optional(field: str | None) -> str | None:
    return None if field in (None, "", "-") else _unescape(field or "")


def _unescape(field: str) -> str:
    # Only quotes and backslashes: \xhh and \n stay spelled out, so that no control character comes back.
    return _ESCAPE.sub(r"\1", field) if "\\" in field else field


def _epoch(when: str) -> int:
    match = _TIME.fullmatch(when)
    if match is None or match[2] not in _MONTHS:
        raise DamagedLineError(f"time {when[:40]!r} is not like 17/May/2015:10:05:03 +0000")
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset) if offset else UTC
        moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=zone)
        return int(moment.timestamp())
    except (ValueError, OverflowError) as error:
        raise DamagedLineError(f"time {when!r} does not exist: {error}") from None


def _what_is_wrong(line: str) -> str:
    """Walk the fields one by one and name the first that does not fit."""
    position = 0
    for name, pattern in _STEPS:
        # Common format ends after "size"; a line that fails there has something else behind it.
        match = pattern.match(line, position)
        if match is None:
            rest = line[position:].lstrip()
            if not rest:
                return f"line ends before its {name}"
            if rest.startswith('"') and pattern.pattern.endswith(_QUOTED):
                return f"the quotes around the {name} are never closed"
            return f"no {name} where one should be: {rest[:40]!r}"
        position = match.end()
    return "not in common or combined log format"
