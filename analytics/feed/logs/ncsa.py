"""Parser for the common, combined and vhost_combined formats of Apache and nginx, also with extra fields."""

import re

from analytics.feed.logs.clients import leading_client
from analytics.feed.logs.record import DamagedLineError, Record, clf_time, optional, request_line, text_of

# Possessive quantifiers, so that an unclosed field fails at once instead of backtracking through the line.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_EXTRA = r'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+'
# Nearly all lines match this pattern, in which the first word is the client; others are parsed more slowly.
_PLAIN = re.compile(
    r'([^\s",:\x00-\x1f\ufeff-][^\s",:\x00-\x1f]*+|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*+)'
    rf' - (?:-|[^\s",:.\[]++) \[([^\]]*)\] {_QUOTED} (\d{{3}}) (\d{{1,18}}|-)(?: {_QUOTED} {_QUOTED}( {_EXTRA})?)?$'
)

_GAP = r"[ \t]++"
_OPTIONAL = r'(?:"((?:[^"\\]++|\\.)*+)"|-(?=\s|$))'
_HEAD = (
    ("client address", r'[^\s"\x00-\x1f]+'),
    ("identity", _GAP + r"\S+"),
    ("user name", _GAP + r"[^\[]*[^\[\s]"),
    ("time", _GAP + r"\[[^\]]*\]"),
)
_REST = (
    ("request line", _GAP + _QUOTED),
    ("status", _GAP + r"(\d{3}|-)(?=\s|$)"),
    ("size", _GAP + r"(\d{1,18}|-)(?=\s|$)"),
)
_AGENT = (("referrer", _GAP + _OPTIONAL), ("user agent", _GAP + _OPTIONAL))
# Many custom formats append fields. Their quotes must be closed; otherwise the line is cut off.
_EXTRA_FIELDS = ("extra fields", rf"((?:[ \t]{_EXTRA})?)$")
# After the size there may also be something other than a referrer.
_OTHER = rf'([ \t]++[^\s"-]{_EXTRA}|\s*)$'
_TIMED = re.compile(r"(?:^|[ \t])\[(\d{1,2}/[A-Za-z]{3}/\d{4}:[^\]]*)\]")
_AFTER_TIME = re.compile(
    "".join(pattern for _, pattern in _REST) + f"(?:{''.join(p for _, p in _AGENT)}{_EXTRA_FIELDS[1]}|{_OTHER})"
)
_STEPS = [(name, re.compile(pattern)) for name, pattern in (*_HEAD, *_REST, *_AGENT, _EXTRA_FIELDS)]

# A key and its value; a quoted text is matched as a whole, so that text from a client is never read as a key.
_PAIR = re.compile(r'(?:([\w$]++)[=:])?("(?:[^"\\]++|\\.)*+"|[^\s"]++)')
_SECONDS = re.compile(r'"?(\d+\.\d+)"?')
_SECONDS_KEYS = ("rt", "request_time", "$request_time")
_TRAEFIK = re.compile(r' \d+ "[^"]*" "[^"]*" (\d+)ms')


class Ncsa:
    """Parses lines in common or combined format, also with a virtual host before or extra fields after them.

    With `vhost` the first word is the virtual host with its port, and the second the client.
    """

    def __init__(self, *, vhost: bool = False) -> None:
        self._vhost = vhost

    def __call__(self, raw: bytes) -> Record:
        """Parse a line; raises DamagedLineError with the reason."""
        line = text_of(raw)
        match = _PLAIN.match(line)
        if match is None:
            return self._tolerant(line.lstrip("\ufeff \t"))
        address, when, request, status, size, referrer, agent, extra = match.groups()
        method, path = request_line(request)
        return Record(
            address,
            clf_time(when),
            method,
            path,
            int(status),
            0 if size == "-" else int(size),
            optional(referrer),
            optional(agent),
            _latency(extra) if extra else None,
        )

    def _tolerant(self, line: str) -> Record:
        timed = _TIMED.search(line)
        rest = timed and _AFTER_TIME.match(line, timed.end())
        if timed is None or rest is None:
            raise DamagedLineError(_problem_in(line))
        request, status, size, referrer, agent, extra, other = rest.groups()
        address = leading_client(line[: timed.start()], vhost=self._vhost)
        method, path = request_line(request)
        return Record(
            address=address,
            time=clf_time(timed[1]),
            method=method,
            path=path,
            status=None if status == "-" else int(status),
            size=0 if size == "-" else int(size),
            referrer=optional(referrer),
            agent=optional(agent),
            latency=_latency(extra or other or ""),
        )


def _latency(extra: str) -> float | None:
    """Latency in milliseconds from the extra fields, by a key or the form of Traefik; other numbers are ignored."""
    traefik = _TRAEFIK.fullmatch(extra)
    if traefik:
        return float(traefik[1])
    for key, value in _PAIR.findall(extra):
        # nginx always writes $request_time with milliseconds; a whole number is something else.
        if key in _SECONDS_KEYS and (seconds := _SECONDS.fullmatch(value)):
            return round(float(seconds[1]) * 1000, 3)
    return None


def _problem_in(line: str) -> str:
    """Name the first field that does not match."""
    position = 0
    for name, pattern in _STEPS:
        match = pattern.match(line, position)
        if match is None:
            rest = line[position:].lstrip()
            if not rest:
                return f"line ends before its {name}"
            if rest.startswith('"') and pattern.pattern.endswith((_QUOTED, _OPTIONAL)):
                return f"the quotes around the {name} are never closed"
            return f"expected {name}, found {rest[:40]!r}"
        position = match.end()
    return "not in common or combined log format"
