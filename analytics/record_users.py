"""The users that records name, in fields that say so; a text that merely contains the id of a user names nobody.

The fields are `user.id`, `enduser.id` and `end.user.id`, and the same with `_`, `-` or nothing in place of each dot,
with capitals as in `userId`, or all in capitals as in `USER_ID`: as members of JSON at any depth, as `id` in an object
`user` or `enduser`, and in the text of a log line also as `user_id=...` of logfmt. Their values are texts or whole
numbers; of logfmt, a value without quotation marks ends before `&`, `'`, `[` and `{` as well.
"""

import re
from collections.abc import Callable, Collection, Iterable

import msgspec

from analytics.log_lines import NewLogLine
from analytics.records import NewEvent
from analytics.spans import NewSpan

HINTS = ("user", "User", "USER")
"""A text in which a field names a user contains one of these."""
_USER = "(?:(?:[eE]nd[._-]?)?[uU]ser|(?:END[._-]?)?USER)"
_SPACE = r"[ \t\r\n]*"
_TEXT = r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"'
_VALUE = rf"{_SPACE}:{_SPACE}({_TEXT}|-?[0-9]+(?:[,}}\] \t\r\n]|$))"
JSON_PATTERNS = (
    rf'"{_USER}[._-]?[iI][dD]"{_VALUE}',
    rf'"{_USER}"{_SPACE}:{_SPACE}\{{[^{{}}]*?"[iI][dD]"{_VALUE}',
)
"""Patterns of fields in JSON, for `re` and RE2 alike. What one finds ends with a value, the group."""
_ENDS = r""" \t\r\n",;)\]}&'\[{"""
AFTER_WORD = rf"(?:[{_ENDS}]|$)"
"""What follows a value of logfmt that is not quoted."""
_QUOTED = rf"{_TEXT}|'[^'\r\n]*'"
_PAIR = rf"{_USER}[._-]?[iI][dD]=({_QUOTED}|[^{_ENDS}]+)"
LOGFMT_PATTERN = rf"[\w.-]*{_PAIR}"
"""Pattern of fields of logfmt; it also finds names that only end like that of a user, in which `user_in` sees none."""
TEXT_PATTERNS = (*JSON_PATTERNS, LOGFMT_PATTERN)
"""Patterns of fields in the text of a line."""
DECISIVE = {**dict.fromkeys(JSON_PATTERNS, 1), LOGFMT_PATTERN: 0}
"""The group of each pattern that says who is named: the value of JSON, the whole field of logfmt."""
NAME_PATTERN = r'[uU](?:ser|SER)(?:[._-]?[iI][dD]|")'
"""Found in each text in which one of the patterns finds a field, and in few others, in a third of the time."""
_field, _object = re.compile(f"{_USER}[._-]?[iI][dD]"), re.compile(_USER)
_compiled = {pattern: re.compile(pattern, re.ASCII) for pattern in JSON_PATTERNS}
_compiled[LOGFMT_PATTERN] = re.compile(rf"(?<![\w.-])(?:{_PAIR}|{LOGFMT_PATTERN.replace('=(', '=(?:')})", re.ASCII)
_decode_text = msgspec.json.Decoder(str).decode


def users_of_event(event: NewEvent) -> Collection[str]:
    """The user of an event, if it has one."""
    return (event.user_id,) if event.user_id else ()


def users_of_span(span: NewSpan) -> Collection[str]:
    """The users that a span names."""
    found = _in_json(b"".join((span.attributes, span.resource, span.events, span.links)))
    return {*found, span.user_id} if span.user_id else found


def users_of_line(line: NewLogLine) -> Collection[str]:
    """The users that a log line names.

    >>> sorted(users_of_line(NewLogLine("shop", 'paid user_id=7 {"user": {"id": "jo"}}')))
    ['7', 'jo']
    """
    found, body = _in_json(b"".join((line.attributes, line.resource))), line.body
    return {*found, *users_in_text(body)}


def users_in_text(text: str) -> Collection[str]:
    """The users that a text names."""
    is_named = "user" in text or "User" in text or "USER" in text  # `HINTS`, in a fifth of the time
    return _in_text(text, TEXT_PATTERNS) if is_named else ()


def user_in(text: str, pattern: str) -> str | None:
    """The user in what a pattern found: the group `DECISIVE` of it. None if nobody is named.

    >>> user_in('"jo"', JSON_PATTERNS[0]), user_in("7,", JSON_PATTERNS[0]), user_in("userId=a.b", LOGFMT_PATTERN)
    ('jo', '7', 'a.b')
    """
    if pattern != LOGFMT_PATTERN:
        return _value(text)
    match = _compiled[pattern].fullmatch(text)
    return _value(match[1] or "") if match else None


def is_user_field(name: str, parent: str = "") -> bool:
    """Whether a field holds the id of a user, by its name and that of the field whose object it is in."""
    return _field.fullmatch(name) is not None or (name.lower() == "id" and _object.fullmatch(parent) is not None)


def replace_users(text: str, replace: Callable[[str], str]) -> str:
    """The text of a line with what `replace` returns in place of each id of a user.

    >>> replace_users('paid user_id=7 {"user": {"id": 8}}', lambda user: f"#{user}")
    'paid user_id=#7 {"user": {"id": "#8"}}'
    """
    for pattern in TEXT_PATTERNS:
        text = _compiled[pattern].sub(lambda match: _with(match, replace), text)
    return text


def _with(match: re.Match[str], replace: Callable[[str], str]) -> str:
    value = match[1] or ""
    user = _value(value)
    if not user:
        return match[0]
    start, replaced = match[0][: -len(value)], replace(user)
    if value.startswith("'"):
        return f"{start}'{replaced}'"
    if value.startswith('"') or not start.endswith("="):
        replaced = msgspec.json.encode(replaced).decode()
    end = "" if value.startswith('"') else value[len(user) :]
    return f"{start}{replaced}{end}"


def _in_json(parts: bytes) -> Collection[str]:
    if b"user" in parts or b"User" in parts or b"USER" in parts:
        return _in_text(str(parts, "utf-8", "replace"), JSON_PATTERNS)
    return ()


def _in_text(text: str, patterns: Iterable[str]) -> set[str]:
    values = (value for pattern in patterns for value in _compiled[pattern].findall(text))
    return {user for value in values if (user := _value(value))}


def _value(text: str) -> str | None:
    if text.startswith("'"):
        return text[1:-1]
    if not text.startswith('"'):
        return text.rstrip(",}] \t\r\n")
    try:
        return _decode_text(text)
    except msgspec.DecodeError:
        return None
