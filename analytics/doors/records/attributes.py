"""Attributes of log lines and spans as JSON, within their limits."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from analytics.log_lines import NO_ATTRIBUTES

MOST_RECORD_ATTRIBUTES = 128
"""Attributes of one line, span, event or link; further ones are left out."""
LONGEST_ATTRIBUTE = 4 * 1024
"""Bytes of the value of an attribute; longer ones are cut."""
LONGEST_NAME = 256
"""Characters of the name of an attribute."""
DEEPEST_CUT = 4
"""How deep in an object or array that is cut members are cut themselves; deeper ones that do not fit are left out."""
LEAST_ROOM = 16
"""Bytes for which it is worth to cut a member."""
LONGEST_ESCAPE = 6
"""Bytes that a byte of text takes in JSON at most."""
ATTRIBUTE_CUT = "attribute_cut"
"""Reason of attributes that were cut or left out."""
Count = Callable[[str, int], None]
"""Counts what was dropped, by reason."""
_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


def cut_text(text: str, most: int) -> str:
    """The text, cut at a character to at most `most` bytes of UTF-8."""
    if 4 * len(text) <= most:
        return text
    data = text.encode(errors="replace")
    return text if len(data) <= most else data[:most].decode(errors="ignore")


def json_member(name: str, value: Any) -> tuple[bytes, bool]:
    """An attribute as the member of a JSON object, and whether it was cut."""
    is_cut = False
    json = _encode(value)
    if len(json) > LONGEST_ATTRIBUTE:
        shorter = cut_text(value, LONGEST_ATTRIBUTE) if isinstance(value, str) else shortened(value, LONGEST_ATTRIBUTE)
        if shorter != value:
            json, is_cut = _encode(shorter), True
    if len(name) > LONGEST_NAME:
        name, is_cut = name[:LONGEST_NAME], True
    return b"%b:%b" % (_encode(name), json), is_cut


def shortened(value: Any, most: int, depth: int = DEEPEST_CUT) -> Any:
    """A value with the first members of objects and arrays, and the first characters of a text, that fit.

    It stays JSON, so that its fields are still known by their names, as redaction and erasures need.

    Args:
        most: bytes of its JSON.
    """
    if isinstance(value, str):
        text = cut_text(value, most - 2)
        return text if len(_encode(text)) <= most else cut_text(value, (most - 2) // LONGEST_ESCAPE)
    is_object = isinstance(value, Mapping)
    members: list[tuple[Any, Any]] = []
    left = most - 2
    for name, each in value.items() if is_object else enumerate(value) if isinstance(value, list | tuple) else ():
        left -= len(_encode(name)) + 2 if is_object else 1
        size = len(_encode(each))
        if size <= left:
            members.append((name, each))
            left -= size
            continue
        if left >= LEAST_ROOM and depth and isinstance(each, str | Mapping | list | tuple):
            members.append((name, shortened(each, left, depth - 1)))
        break
    return dict(members) if is_object else [each for _, each in members]


def joined(members: Iterable[bytes]) -> Raw:
    """The JSON object with these members."""
    return Raw(b"{" + b",".join(members) + b"}")


def json_object(attributes: Mapping[str, Any], dropped: Count) -> Raw:
    """Attributes as a JSON object, within the limits; what is beyond them is counted."""
    if not attributes:
        return NO_ATTRIBUTES
    members, cut = [], max(0, len(attributes) - MOST_RECORD_ATTRIBUTES)
    for name, value in list(attributes.items())[:MOST_RECORD_ATTRIBUTES]:
        member, is_cut = json_member(name, value)
        members.append(member)
        cut += is_cut
    if cut:
        dropped(ATTRIBUTE_CUT, cut)
    return joined(members)


def json_text(member: bytes) -> str:
    """The value of a member that `json_member` made, as text: a string itself, anything else as JSON.

    Args:
        member: its name has no quotation marks.
    """
    json = member.partition(b'":')[2]
    if not json.startswith(b'"'):
        return json.decode()
    return str(_decode(json)) if b"\\" in json else json[1:-1].decode()
