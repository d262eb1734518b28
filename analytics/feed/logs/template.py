"""Parser for lines in a format string: nginx's `log_format` or Apache's `LogFormat`."""

import json
import re

from analytics.feed.logs import fields, moment
from analytics.feed.logs.record import DamagedLineError, Record, text_of
from analytics.feed.logs.variables import NGINX, Variable, variables

_CLIENTS = {fields.CLIENT, fields.FORWARDED, fields.PEER}
_TIMES = {fields.CLF, fields.ISO, fields.EPOCH, fields.EPOCH_MS, fields.EPOCH_US}
_NGINX_DIRECTIVE = re.compile(r"\s*log_format\s+\S+\s+(?:escape=\w+\s+)?(.*?);?\s*", re.DOTALL)
_APACHE_DIRECTIVE = re.compile(
    r"""\s*(?:(?:Global)?LogFormat|CustomLog\s+\S+)\s+(?:"((?:[^"\\]|\\.)*)"|'([^']*)')(?:\s+\S+)*\s*""", re.IGNORECASE
)
_SEGMENT = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*""")
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*"?\$\{?(\w+)')
_QUOTED = r'(?:[^"\\]++|\\.)*+'
# One word, or several, as nginx lists upstream servers: `10.0.0.1:80, 10.0.0.2:80 : 10.0.1.1:80`.
_WORDS = r"\S*+(?:(?<=,) \S++| : \S++)*+"


class UnknownFormatError(ValueError):
    """The format string is not usable; the message says why."""


class Template:
    """Parses lines in a format string.

    If it has several variables for the client, such as `%{X-Forwarded-For}i %h`, the first that is not `-` is used.
    """

    def __init__(self, format_string: str) -> None:
        """Compile a format string, with or without its directive and quotes.

        Raises:
            UnknownFormatError: it has no variable for the client or for the time.
        """
        text, is_apache = _bare(format_string)
        pattern, meanings = _pattern(text, is_apache=is_apache)
        known = set(meanings)
        if not known & _CLIENTS or not (known & _TIMES or moment.is_complete(known)):
            names = "%h and %t" if is_apache else "$remote_addr and $time_local"
            raise UnknownFormatError(f"{format_string[:80]!r} lacks the client or the time (such as {names})")
        self._line = re.compile(pattern)
        self._meanings = [fields.CLIENT if meaning == fields.FORWARDED else meaning for meaning in meanings]

    def __call__(self, raw: bytes) -> Record:
        """Parse a line; raises DamagedLineError with the reason."""
        match = self._line.fullmatch(text_of(raw).removeprefix("\ufeff"))
        if match is None:
            raise DamagedLineError("the line does not match the format")
        found: dict[str, str] = {}
        for meaning, text in zip(self._meanings, match.groups(), strict=True):
            if found.get(meaning, "-") in ("-", ""):
                found[meaning] = text
        return fields.record(found)


def json_keys(format_string: str) -> dict[str, str] | None:
    """The meanings of the keys if an nginx format string describes JSON, otherwise None.

    Raises:
        UnknownFormatError: a key is not a JSON string.
    """
    text, is_apache = _bare(format_string)
    if is_apache or not text.lstrip().startswith("{"):
        return None
    try:
        pairs = {json.loads(f'"{key}"'): NGINX.get(name) for key, name in _PAIR.findall(text)}
    except ValueError as error:
        raise UnknownFormatError(f"{format_string[:80]!r} has a key that is not a JSON string: {error}") from None
    return {key: meaning for key, meaning in pairs.items() if meaning is not None}


def _bare(format_string: str) -> tuple[str, bool]:
    """The format string without directive and quotes, and whether it is Apache's."""
    apache = _APACHE_DIRECTIVE.fullmatch(format_string)
    if apache:
        return _unescaped(apache[1] if apache[2] is None else apache[2]), True
    nginx = _NGINX_DIRECTIVE.fullmatch(format_string)
    text = nginx[1] if nginx else format_string.strip()
    is_apache = nginx is None and "$" not in text
    segments = list(_SEGMENT.finditer(text))
    if segments and sum(len(segment[0]) for segment in segments) == len(text):
        text = "".join(segment[2] if segment[1] is None else segment[1] for segment in segments)
        return _unescaped(text), is_apache
    return (_unescaped(text) if is_apache else text), is_apache


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\'", "'").replace("\\t", "\t")


def _pattern(text: str, *, is_apache: bool) -> tuple[str, list[str]]:
    """A regular expression for the lines, and the meanings of its groups."""
    found = list(variables(text, is_apache=is_apache))
    if not found:
        raise UnknownFormatError(f"{text[:80]!r} has no variables such as $remote_addr or %h")
    parts: list[str] = []
    meanings: list[str] = []
    at = 0
    for variable, following in zip(found, [*found[1:], None], strict=True):
        parts.append(_literal(text[at : variable.start], is_apache=is_apache))
        at = variable.end
        if variable.pattern is not None:
            parts.append(variable.pattern)
            meanings += variable.groups
            continue
        value = _value(text, variable, following)
        parts.append(f"({value})" if variable.meaning else f"(?:{value})")
        meanings += [variable.meaning] if variable.meaning else []
    return "".join(parts) + _literal(text[at:].rstrip(), is_apache=is_apache) + r"\s*", meanings


def _literal(text: str, *, is_apache: bool) -> str:
    return re.escape(text.replace("%%", "%") if is_apache else text)


def _value(text: str, variable: Variable, following: Variable | None) -> str:
    """A regular expression for the text of a variable, depending on the characters around it."""
    before, after = text[: variable.start][-1:], text[variable.end :][:1]
    if (before, after) == ('"', '"'):
        return _QUOTED
    if (before, after) == ("[", "]"):
        return r"[^\]]*+"
    if variable.meaning == fields.CLF:
        return r"\S+ [+-]\d{4}"
    if variable.meaning == fields.STATUS:
        return r"\d{1,3}|-|"
    if variable.is_free:
        return ".*" if not after else ".*?"
    if following is not None and following.start == variable.end:
        return r"[^\s/]*+" if following.meaning == fields.TARGET else r"\S*+"
    if variable.meaning in _CLIENTS and after == ":":
        return r"\S*"  # up to the last colon, because IPv6 addresses contain colons
    if after and not after.isspace():
        return rf"[^{re.escape(after)}]*+"
    if after == "\t":
        return r"[^\t]*+"
    return r"\S*+" if variable.meaning and variable.meaning != fields.FORWARDED else _WORDS
