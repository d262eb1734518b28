"""Lines of Apache and nginx in common, combined and vhost_combined format, with whatever stands behind them."""

import re

from analytics.feed.logs.clients import leading_client
from analytics.feed.logs.record import DamagedLineError, Record, clf_time, optional, request_line, text_of

# Possessive quantifiers: a field that is not closed fails at once instead of backtracking through the line.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_EXTRA = r'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+'
# What nearly all lines look like, in which the first word is the client beyond doubt; all others take a slower way.
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
# Many house formats append fields; their quotes are closed, so the line is whole.
_BEHIND = ("extra fields", rf"((?:[ \t]{_EXTRA})?)$")
# Behind a size there may also be something other than a referrer.
_OTHER = rf'([ \t]++[^\s"-]{_EXTRA}|\s*)$'
_TIMED = re.compile(r"(?:^|[ \t])\[(\d{1,2}/[A-Za-z]{3}/\d{4}:[^\]]*)\]")
_AFTER_TIME = re.compile(
    "".join(pattern for _, pattern in _REST) + f"(?:{''.join(p for _, p in _AGENT)}{_BEHIND[1]}|{_OTHER})"
)
_STEPS = [(name, re.compile(pattern)) for name, pattern in (*_HEAD, *_REST, *_AGENT, _BEHIND)]

# A key and its value; a quoted text is taken whole, so that what a client sent in it is never taken for a key.
_PAIR = re.compile(r'(?:([\w$]++)[=:])?("(?:[^"\\]++|\\.)*+"|[^\s"]++)')
_SECONDS = re.compile(r'"?(\d+\.\d+)"?')
_SECONDS_KEYS = ("rt", "request_time", "$request_time")
_TRAEFIK = re.compile(r' \d+ "[^"]*" "[^"]*" (\d+)ms')


class Ncsa:
    """Reads lines in common or combined format, also with a virtual host in front and with fields behind.

    `vhost` says that the first word is the virtual host with its port, so that the second is the client.
    """

    def __init__(self, *, vhost: bool = False) -> None:
        self._vhost = vhost

    def __call__(self, raw: bytes) -> Record:
        """Turn one line into a record; raises DamagedLineError with the reason."""
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
            raise DamagedLineError(_what_is_wrong(line))
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
    """Milliseconds, where a key or the shape of what stands behind says so; a bare number says nothing."""
    by_shape = _TRAEFIK.fullmatch(extra)
    if by_shape:
        return float(by_shape[1])
    for key, value in _PAIR.findall(extra):
        # nginx writes $request_time with its milliseconds, always; a whole number came from somewhere else.
        if key in _SECONDS_KEYS and (seconds := _SECONDS.fullmatch(value)):
            return round(float(seconds[1]) * 1000, 3)
    return None


def _what_is_wrong(line: str) -> str:
    """Walk the fields one by one and name the first that does not fit."""
    position = 0
    for name, pattern in _STEPS:
        match = pattern.match(line, position)
        if match is None:
            rest = line[position:].lstrip()
            if not rest:
                return f"line ends before its {name}"
            if rest.startswith('"') and pattern.pattern.endswith((_QUOTED, _OPTIONAL)):
                return f"the quotes around the {name} are never closed"
            return f"no {name} where one should be: {rest[:40]!r}"
        position = match.end()
    return "not in common or combined log format"
