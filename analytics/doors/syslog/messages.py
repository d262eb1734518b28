"""Reads messages of syslog: those of RFC 5424, and those of RFC 3164 in the forms that are in use.

It is arithmetic: the present is passed in, since times of RFC 3164 have no year.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MOST_PRIORITY = 191
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"),
)
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""Names by number."""
USER_NOTICE = 13
"""The priority of messages without one (RFC 3164, section 4.3.3)."""
NIL = "-"
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name: place for place, name in enumerate(MONTH_NAMES, start=1)}
NANOSECONDS = 1_000_000_000
_PRIORITY = re.compile(r"<(\d{1,3})>").match
_NEW = re.compile(r"1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) ?").match
_ELEMENT = re.compile(r'\[([^\s=\]"]+)((?: +[^\s=\]"]+="(?:[^"\\\]]|\\.)*")*) *\]', re.DOTALL).match
_PARAMETER = re.compile(r'([^\s=\]"]+)="((?:[^"\\\]]|\\.)*)"', re.DOTALL).finditer
_ESCAPED = re.compile(r'\\(["\\\]])')
_OLD_TIME = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2})(?:\.\d+)? ").match
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\S+) ").match
_TAG = re.compile(r"([^\s:\[\]]{1,128})(?:\[([^\]\s]{1,64})\])?: ?").match


class SyslogMessage(NamedTuple):
    """A message.

    Attributes:
        facility, severity: their numbers.
        time: in nanoseconds since the epoch; None if it has none, or none that is valid.
        host, program, process, id: empty if they are not known.
        data: the parameters of its structured data, as `ELEMENT.PARAMETER`.
        text: the rest.
    """

    facility: int
    severity: int
    time: int | None
    host: str
    program: str
    process: str
    id: str
    data: Mapping[str, str]
    text: str


def parse(data: bytes, now: float) -> SyslogMessage:
    """The message in a datagram or frame; any bytes are one. `now` is in seconds since the epoch."""
    text = data.decode(errors="replace").rstrip("\n\r\x00")
    found = _PRIORITY(text)
    priority = int(found[1]) if found and int(found[1]) <= MOST_PRIORITY else None
    if found and priority is not None:
        text = text[found.end() :]
    else:
        priority = USER_NOTICE
    facility, severity = divmod(priority, 8)
    new = _NEW(text)
    if new is not None:
        time, host, program, process, id_ = (("" if each == NIL else each) for each in new.groups())
        data_, rest = _structured(text[new.end() :])
        return SyslogMessage(facility, severity, _iso(time), host, program, process, id_, data_, rest)
    return _old(facility, severity, text, now)


def _old(facility: int, severity: int, text: str, now: float) -> SyslogMessage:
    time, host = None, ""
    old, iso = _OLD_TIME(text), _ISO_TIME(text)
    if old is not None and old[1] in MONTHS:
        time, text = _near(old, now), text[old.end() :]
    elif iso is not None:
        time, text = _iso(iso[1]), text[iso.end() :]
    tag = _TAG(text)
    if tag is None and (old is not None or iso is not None):  # a host stands before the tag
        host, _, rest = text.partition(" ")
        tag, text = _TAG(rest), rest
    program, process = (tag[1], tag[2] or "") if tag else ("", "")
    return SyslogMessage(facility, severity, time, host, program, process, "", {}, text[tag.end() :] if tag else text)


def _structured(text: str) -> tuple[dict[str, str], str]:
    """The structured data at the beginning of a text, and the message after it."""
    if text.startswith(NIL):
        return {}, text[1:].removeprefix(" ").removeprefix("\ufeff")
    found: dict[str, str] = {}
    at = 0
    while (element := _ELEMENT(text, at)) is not None:
        for each in _PARAMETER(element[2]):
            found[f"{element[1]}.{each[1]}"] = _ESCAPED.sub(r"\1", each[2])
        at = element.end()
    return found, text[at:].removeprefix(" ").removeprefix("\ufeff")


def _iso(text: str) -> int | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000


def _near(found: re.Match[str], now: float) -> int | None:
    """A time without a year and zone: in UTC, in the year in which it is nearest to now."""
    present = datetime.fromtimestamp(now, UTC)
    candidates: list[datetime] = []
    for year in (present.year - 1, present.year, present.year + 1):
        try:
            candidates.append(
                datetime(year, MONTHS[found[1]], int(found[2]), int(found[3]), int(found[4]), int(found[5]), tzinfo=UTC)
            )
        except ValueError:
            continue
    if not candidates:
        return None
    nearest = min(candidates, key=lambda each: abs(each - present))
    # local time of another zone looks like a time ahead or long ago: then when it arrived is nearer to the truth
    return None if abs(nearest - present) > timedelta(minutes=5) else int(nearest.timestamp()) * NANOSECONDS
