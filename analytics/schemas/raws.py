"""Looks over JSON objects that are kept in the client's own bytes: cheap tests for a whole batch at once.

A test may suspect what is sound (marshmallow then decides), but never passes what is not.
"""

import msgspec

from analytics.schemas.fields import DEPTH_LIMIT, SIZE_LIMIT

HARMLESS = 2 * DEPTH_LIMIT
"""An object of fewer bytes cannot nest too deeply."""
DIGITS_ALIKE = bytes.maketrans(b"E123456789", b"e000000000")
MANY_DIGITS = b"0" * 200
SAFE_SIZE = SIZE_LIMIT // 6
"""An object of up to this many bytes is within the limit however its numbers are written: 1E15 becomes the longest."""
ROOM = 1_000
"""Bytes of a record beside its raw object that are not remarkable."""
ONE_LINE = bytes.maketrans(b"\r\n", b"\t\t")


def one_line(body: bytes) -> bytes:
    """The same JSON without line ends; one inside a string, which is not allowed, stays a control character."""
    return body.translate(ONE_LINE) if b"\n" in body or b"\r" in body else body


def are_sound(raws: list[msgspec.Raw], body_size: int) -> bool:
    """Whether all of `raws`, valid JSON each, are objects within the limits and without numbers out of range.

    They are slices of a body of `body_size` bytes and hold it in memory, so it must not consist of something else.
    """
    if not raws:
        return True
    together = b"\0".join(raws)  # NUL cannot stand in valid JSON
    if not together.startswith(b"{") or together.count(b"\0{") != len(raws) - 1:
        return False
    if body_size > 2 * len(together) + ROOM * len(raws):
        return False
    if max(map(len, raws)) > HARMLESS and any(_may_be_too_much(bytes(raw)) for raw in raws if len(raw) > HARMLESS):
        return False
    return not _may_have_huge_number(together)


def _may_have_huge_number(json: bytes) -> bool:
    """Only a number with an exponent of three digits, or of very many digits, can be beyond the range of a double."""
    digits = json.translate(DIGITS_ALIKE, b"+")
    # the shorter text is found the faster, and stands there seldom
    return (b"e000" in digits and b"0e000" in digits) or MANY_DIGITS in digits


def _may_be_too_much(raw: bytes) -> bool:
    return len(raw) > SAFE_SIZE or raw.count(b"{") + raw.count(b"[") > DEPTH_LIMIT
