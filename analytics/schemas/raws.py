"""Checks JSON objects that are stored as the client's own bytes: cheap tests for a whole batch at once.

A test may refuse a valid object (marshmallow then decides), but never accepts an invalid one.
"""

import re

import msgspec

from analytics.schemas.fields import DEPTH_LIMIT, SIZE_LIMIT

HARMLESS = 2 * DEPTH_LIMIT
"""An object of fewer bytes cannot be nested too deeply."""
DIGITS_ALIKE = bytes.maketrans(b"E123456789", b"e000000000")
MANY_DIGITS = b"0" * 200
STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
SAFE_SIZE = SIZE_LIMIT // 6
"""An object up to this size stays within the limit when its numbers are written out; `1E15` grows the most."""
ROOM = 1_000
"""Normal size of a record without its raw object, in bytes."""
MOST_TOGETHER = 1024 * 1024
"""Bytes of all objects up to which their strings are removed together, which takes up to 50 ms; else one by one."""
ONE_LINE = bytes.maketrans(b"\r\n", b"\t\t")


def one_line(body: bytes) -> bytes:
    """Replace line breaks in JSON by tabs. In a string, where both are invalid, it remains a control character."""
    return body.translate(ONE_LINE) if b"\n" in body or b"\r" in body else body


def are_sound(raws: list[msgspec.Raw], body_size: int) -> bool:
    """Whether all `raws`, which are valid JSON, are objects within the limits and without numbers out of range.

    They are slices of a body of `body_size` bytes and keep it in memory, so they must be a large part of it.
    """
    if not raws:
        return True
    together = b"\0".join(raws)  # NUL cannot stand in valid JSON
    if not together.startswith(b"{") or together.count(b"\0{") != len(raws) - 1:
        return False
    if body_size > 2 * len(together) + ROOM * len(raws):
        return False
    longest = max(map(len, raws))
    if longest > SAFE_SIZE:
        return False
    if longest > HARMLESS and _brackets(together) >= len(raws) + DEPTH_LIMIT:  # each has one at least
        deepest = max(_brackets(bytes(raw)) for raw in raws if len(raw) > HARMLESS)
        if deepest > DEPTH_LIMIT:
            return False
    if len(together) > MOST_TOGETHER and _looks_huge(together):
        return False
    return not _may_have_huge_number(together)


def has_no_control_characters(body: bytes) -> bool:
    """Whether the strings in this JSON cannot have control characters: no escapes, no DEL, only ASCII."""
    return b"\\" not in body and b"\x7f" not in body and body.isascii()


def _may_have_huge_number(json: bytes) -> bool:
    """Whether a number has an exponent of three digits or very many digits; no other exceeds the range of a double."""
    return _looks_huge(json) and _looks_huge(STRINGS.sub(b"", json))  # hexadecimal ids often look like such numbers


def _looks_huge(json: bytes) -> bool:
    digits = json.translate(DIGITS_ALIKE, b"+")
    # the shorter text is rare, and faster to search for
    return (b"e000" in digits and b"0e000" in digits) or MANY_DIGITS in digits


def _brackets(json: bytes) -> int:
    return json.count(b"{") + json.count(b"[")
