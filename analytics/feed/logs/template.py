"""A server's own description of its lines: nginx's `log_format` and Apache's `LogFormat`."""

import json
import re
from collections.abc import Iterator

from analytics.feed.logs import fields
from analytics.feed.logs.record import DamagedLineError, Record, text_of

NGINX = {
    "remote_addr": fields.CLIENT,
    "realip_remote_addr": fields.FORWARDED,
    "http_x_forwarded_for": fields.FORWARDED,
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
    "{c}a": fields.FORWARDED,
    "{x-forwarded-for}i": fields.FORWARDED,
    "t": fields.CLF,
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
_NGINX_DIRECTIVE = re.compile(r"\s*log_format\s+\S+\s+(?:escape=\w+\s+)?(.*?);?\s*", re.DOTALL)
_APACHE_DIRECTIVE = re.compile(r'\s*(?:LogFormat|CustomLog\s+\S+)\s+"((?:[^"\\]|\\.)*)"(?:\s+\S+)?\s*', re.IGNORECASE)
_SEGMENT = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""")
_NGINX_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE_VARIABLE = re.compile(r"%(?:[!\d,]*)([<>]?)(\{[^}]*\})?([a-zA-Z])|(%%)")
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*"?\$\{?(\w+)')


class UnknownFormatError(ValueError):
    """The text describes no lines that can be read; the message says why."""


class Template:
    """Reads lines that a server wrote by its own format string."""

    def __init__(self, described: str) -> None:
        """Understand a format string, with or without its directive and quotes.

        Raises:
            UnknownFormatError: it names neither a client nor a time, or nothing at all.
        """
        text, is_apache = _bare(described)
        pattern, self._meanings = _pattern(text, is_apache=is_apache)
        known = set(self._meanings)
        if not known & {fields.CLIENT, fields.FORWARDED} or not known & {fields.CLF, fields.ISO, fields.EPOCH}:
            names = "%h and %t" if is_apache else "$remote_addr and $time_local"
            raise UnknownFormatError(f"{described[:80]!r} does not tell each line's client and time (such as {names})")
        self._line = re.compile(pattern)

    def __call__(self, raw: bytes) -> Record:
        """Turn one line into a record; raises DamagedLineError with the reason."""
        match = self._line.fullmatch(text_of(raw).removeprefix("\ufeff").rstrip())
        if match is None:
            raise DamagedLineError("the line is not as the format describes it")
        found: dict[str, str] = {}
        for meaning, text in zip(self._meanings, match.groups(), strict=True):
            if text is not None and found.get(meaning, "-") in ("-", ""):
                found[meaning] = text
        return fields.record(found)


def json_keys(described: str) -> dict[str, str] | None:
    """The meanings of the keys where an nginx format describes JSON, else None."""
    text, is_apache = _bare(described)
    if is_apache or not text.lstrip().startswith("{"):
        return None
    pairs = {json.loads(f'"{key}"'): NGINX.get(name) for key, name in _PAIR.findall(text)}
    return {key: meaning for key, meaning in pairs.items() if meaning is not None}


def _bare(described: str) -> tuple[str, bool]:
    """The format itself, and whether it is Apache's."""
    apache = _APACHE_DIRECTIVE.fullmatch(described)
    if apache:
        return _unquoted(apache[1]), True
    nginx = _NGINX_DIRECTIVE.fullmatch(described)
    text = nginx[1] if nginx else described.strip()
    segments = _SEGMENT.findall(text)
    if nginx and segments:
        return "".join(single or double for single, double in segments), False
    quote = text[:1]
    if quote in ("'", '"') and text.endswith(quote) and quote not in text[1:-1].replace("\\" + quote, ""):
        text = text[1:-1]
    is_apache = "$" not in text
    return (_unquoted(text), True) if is_apache else (text, False)


def _unquoted(text: str) -> str:
    return text.replace('\\"', '"').replace("\\t", "\t")


def _pattern(text: str, *, is_apache: bool) -> tuple[str, list[str]]:
    """A regular expression for the lines, and what its groups mean."""
    parts: list[str] = []
    meanings: list[str] = []
    at = 0
    variables = list(_variables(text, is_apache=is_apache))
    for start, end, meaning, is_bracketed in variables:
        parts.append(re.escape(text[at:start]))
        value = _value(text[:start], text[end:], meaning)
        if is_bracketed:
            value = r"\[([^\]]*)\]" if meaning else r"\[[^\]]*\]"
        elif meaning:
            value = f"({value})"
        if meaning:
            meanings.append(meaning)
        parts.append(value)
        at = end
    if not variables:
        raise UnknownFormatError(f"{text[:80]!r} holds no variables such as $remote_addr or %h")
    return "".join(parts) + re.escape(text[at:].rstrip()), meanings


def _variables(text: str, *, is_apache: bool) -> Iterator[tuple[int, int, str, bool]]:
    """Start, end and meaning (empty where it does not matter) of each variable, and whether it brings brackets."""
    if not is_apache:
        for match in _NGINX_VARIABLE.finditer(text):
            yield match.start(), match.end(), NGINX.get(match[1] or match[2], ""), False
        return
    for match in _APACHE_VARIABLE.finditer(text):
        if match[4] is None:
            argument = (match[2] or "").lower()
            meaning = APACHE.get(argument + match[3], "")
            yield match.start(), match.end(), meaning, match[3] == "t" and not argument


def _value(before: str, after: str, meaning: str) -> str:
    """What a variable's text may be, by what stands around it."""
    if before.endswith('"') and after.startswith('"'):
        return r'(?:[^"\\]++|\\.)*+'
    if before.endswith("[") and after.startswith("]"):
        return r"[^\]]*+"
    if meaning == fields.CLF:
        return r"\S+ [+-]\d{4}"
    if meaning == fields.REQUEST:
        return r"\S+ \S+ \S+|-"
    if meaning in (fields.FORWARDED, fields.CLIENT):
        return r"[^\s,]*+(?:, ?[^\s,]++)*+"
    if meaning:
        return r"\S*+" if not after or after[0].isspace() else rf"[^{re.escape(after[0])}]*+"
    return r".*?"
