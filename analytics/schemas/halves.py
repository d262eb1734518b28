"""Replaces escaped halves of characters in JSON, as JavaScript's `slice` leaves them, with U+FFFD."""

import re

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# An odd number of backslashes begins an escape; of an even number each second one is itself a character.
_HALF = re.compile(rb"(?<!\\)((?:\\\\)*+)(?:(%b%b)|%b|%b)" % (_HIGH, _LOW, _HIGH, _LOW))


def without_halves(json: bytes) -> bytes:
    r"""`json` with `\ufffd` for each escape of a surrogate that has no partner; what is valid JSON stays as it is.

    The length stays the same, so places in the result are places in `json`.

    Example:
        >>> without_halves(rb'{"q": "\ud83d", "whole": "\ud83d\ude80"}')
        b'{"q": "\\ufffd", "whole": "\\ud83d\\ude80"}'
    """
    return _HALF.sub(_whole, json) if b"\\u" in json else json


def _whole(found: re.Match[bytes]) -> bytes:
    return found[0] if found[2] else found[1] + rb"\ufffd"
