"""Search for a text in many JSON objects at once; escapes count as the characters that they stand for."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Raw

from analytics.filters.values import fold

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)", re.DOTALL)
_BETWEEN = frozenset('"{}[]:, \t\n\r')
_SHORT = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def may_span_tokens(text: str) -> bool:
    """Whether a text has characters that stand between the tokens of JSON, so that it may reach from one to another."""
    return not _BETWEEN.isdisjoint(text)


def readable(json: bytes) -> bytes:
    """JSON with its escapes replaced by what they stand for, so that it is no longer JSON but can be searched."""
    return _ESCAPE.sub(_character, json) if b"\\" in json else json


def _character(found: re.Match[bytes]) -> bytes:
    escape = found[0]
    if escape[1:2] != b"u":
        return _SHORT[escape[1:]]
    units = bytes.fromhex(escape.replace(b"\\u", b"").decode())
    return units.decode("utf-16-be", "replace").encode()


def containing(objects: Sequence[Raw], text: str) -> list[int]:
    """Indexes of the JSON objects that contain a folded text; white space between their tokens does not count."""
    if may_span_tokens(text):
        objects = [Raw(msgspec.json.format(each, indent=-1)) for each in objects]
    joined = b"\0".join(objects)  # no JSON contains NUL
    if b"\\" in joined:
        joined = b"\0".join(readable(bytes(each)).replace(b"\0", b"\x01") for each in objects)
    folded = joined.lower() if joined.isascii() else fold(joined.decode()).encode()
    wanted, found, index, start = text.encode(), list[int](), 0, 0
    while (hit := folded.find(wanted, start)) >= 0:
        index += folded.count(b"\0", start, hit)
        found.append(index)
        start = folded.find(b"\0", hit)
        if start < 0:
            break
    return found
