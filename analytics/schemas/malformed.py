"""Errors for bytes that are not valid JSON, with the reason and the position."""

import re

from analytics.errors import MalformedBody

AROUND = 16
"""Number of bytes shown before and after the error."""
_PLACE = re.compile(r"\(byte (\d+)\)$")


def malformed(body: bytes, error: Exception, what: str) -> MalformedBody:
    """Error for `body`, which msgspec refused with `error`; its message calls the body `what`."""
    if isinstance(error, RecursionError):
        return MalformedBody("The JSON is nested too deeply to be read.", code="nested_too_deeply")
    if not body.strip():
        return MalformedBody(f"The {what} is empty.", code="empty_body" if what == "body" else None)
    if isinstance(error, UnicodeDecodeError):  # its position is relative to a string
        try:
            body.decode()
        except UnicodeDecodeError as found:
            return MalformedBody(f"The {what} is not UTF-8 (byte {found.start}{_near(body, found.start)}).")
    reason = str(error).removeprefix("JSON is malformed: ")
    place = _PLACE.search(reason)
    if place:
        reason = f"{reason.removesuffix(')')}{_near(body, int(place[1]))})"
    return MalformedBody(f"The {what} is not valid JSON: {reason}.")


def _near(body: bytes, place: int) -> str:
    around = body[max(0, place - AROUND) : place + AROUND].decode(errors="replace")
    return f", near {' '.join(around.split())!r}"
