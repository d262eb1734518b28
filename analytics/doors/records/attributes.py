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
    """An attribute as the member of a JSON object, and whether it was cut; a value that is cut becomes text."""
    is_cut = False
    json = _encode(value)
    if len(json) > LONGEST_ATTRIBUTE:
        text = value if isinstance(value, str) else json.decode()
        shorter = cut_text(text, LONGEST_ATTRIBUTE)
        if shorter != text:
            json, is_cut = _encode(shorter), True
    if len(name) > LONGEST_NAME:
        name, is_cut = name[:LONGEST_NAME], True
    return b"%b:%b" % (_encode(name), json), is_cut


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
