"""The meanings of the variables in nginx's `log_format` and Apache's `LogFormat`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from analytics.feed.logs import fields, moment

NGINX = {
    "remote_addr": fields.CLIENT,
    "http_x_forwarded_for": fields.FORWARDED,
    "http_x_real_ip": fields.FORWARDED,
    "http_cf_connecting_ip": fields.FORWARDED,
    "realip_remote_addr": fields.PEER,
    "time_local": fields.CLF,
    "time_iso8601": fields.ISO,
    "msec": fields.EPOCH,
    "request": fields.REQUEST,
    "request_method": fields.METHOD,
    "request_uri": fields.TARGET,
    "uri": fields.TARGET,
    "status": fields.STATUS,
    "body_bytes_sent": fields.SIZE,
    "bytes_sent": fields.SIZE,
    "http_referer": fields.REFERRER,
    "http_user_agent": fields.AGENT,
    "request_time": fields.SECONDS,
}
APACHE = {
    "h": fields.CLIENT,
    "a": fields.CLIENT,
    "{x-forwarded-for}i": fields.FORWARDED,
    "{x-real-ip}i": fields.FORWARDED,
    "{cf-connecting-ip}i": fields.FORWARDED,
    "{c}a": fields.PEER,
    "{c}h": fields.PEER,
    "t": fields.CLF,
    "{sec}t": fields.EPOCH,
    "{msec}t": fields.EPOCH_MS,
    "{usec}t": fields.EPOCH_US,
    "r": fields.REQUEST,
    "m": fields.METHOD,
    "U": fields.TARGET,
    "s": fields.STATUS,
    "b": fields.SIZE,
    "B": fields.SIZE,
    "O": fields.SIZE,
    "{referer}i": fields.REFERRER,
    "{user-agent}i": fields.AGENT,
    "D": fields.MICROSECONDS,
    "T": fields.SECONDS,
    "{s}T": fields.SECONDS,
    "{ms}T": fields.MILLISECONDS,
    "{us}T": fields.MICROSECONDS,
}
_NGINX = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE = re.compile(r"%[!\d,]*[<>]?(?:\{([^}]*)\})?(\^[A-Za-z]{2}|[A-Za-z])")
# Only a few may contain blanks: several in a row would be ambiguous, and slow to match.
_FREE = (fields.REQUEST, fields.AGENT)
_FREE_NAMES = ("remote_user", "u")


class Variable(NamedTuple):
    """One variable of a format string.

    `meaning` is empty if it is not used. With `is_free` the text may contain blanks without quotes. `pattern` matches
    the text of variables with a fixed form; `groups` are the meanings of its groups.
    """

    start: int
    end: int
    meaning: str
    is_free: bool
    pattern: str | None = None
    groups: tuple[str, ...] = ()


def variables(text: str, *, is_apache: bool) -> Iterator[Variable]:
    """Yield the variables of a format string, in order."""
    for match in (_APACHE if is_apache else _NGINX).finditer(text):
        if is_apache and match[2] == "t":
            yield _apache_time(match)
            continue
        if is_apache:
            name = match[2] if match[1] is None else f"{{{match[1].lower()}}}{match[2]}"
            meaning = APACHE.get(name, "")
        else:
            name = match[1] or match[2]
            meaning = NGINX.get(name, "")
        is_free = meaning in _FREE or name in _FREE_NAMES
        yield Variable(match.start(), match.end(), meaning, is_free)


def _apache_time(match: re.Match[str]) -> Variable:
    """`%t`, which includes brackets, or `%{...}t`, a number or a strftime format."""
    start, end = match.span()
    if match[1] is None:
        return Variable(start, end, "", False, r"\[([^\]]*+)\]", (fields.CLF,))
    form = match[1].removeprefix("begin:").removeprefix("end:")
    if form in ("sec", "msec", "usec"):
        return Variable(start, end, "", False, r"(\d++)", (APACHE[f"{{{form}}}t"],))
    if form in ("msec_frac", "usec_frac"):
        return Variable(start, end, "", False, r"\d++")
    pattern, groups = moment.time_pattern(form)
    return Variable(start, end, "", False, pattern, tuple(groups))
