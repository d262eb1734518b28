"""Parser for access logs of AWS application load balancers."""

import re

from analytics.feed.logs import fields
from analytics.feed.logs.record import DamagedLineError, Record, text_of

_TIME = r"(-?\d+(?:\.\d*)?)"
_LINE = re.compile(
    rf"(?:https?|h2|grpcs|wss?) (\S+) \S+ (\S+):\d+ \S+ {_TIME} {_TIME} {_TIME} (\d{{3}}|-) \S+ \d+ (\d+) "
    r'"((?:[^"\\]++|\\.)*+)" "((?:[^"\\]++|\\.)*+)" .*'
)
_TARGET = re.compile(r"(\S+) (?:\w+://[^/\s]+)?(\S*) (\S+)")


def alb(raw: bytes) -> Record:
    """Parse a line; raises DamagedLineError with the reason."""
    match = _LINE.fullmatch(text_of(raw).removeprefix("\ufeff").rstrip())
    if match is None:
        raise DamagedLineError("not in the format of a load balancer's access log")
    when, client, *times, status, size, request, agent = match.groups()
    found = {fields.ISO: when, fields.CLIENT: client, fields.STATUS: status, fields.SIZE: size, fields.AGENT: agent}
    target = _TARGET.fullmatch(request)
    found[fields.REQUEST] = f"{target[1]} {target[2] or '/'} {target[3]}" if target else request
    seconds = [float(time) for time in times]
    if min(seconds) >= 0:  # -1 if the request was not sent to a target
        found[fields.SECONDS] = str(sum(seconds))
    return fields.record(found)
