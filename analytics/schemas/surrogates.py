"""Replaces escaped unpaired surrogates in JSON, as JavaScript's `slice` makes when it cuts an emoji, with U+FFFD."""

import re

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# An odd number of backslashes starts an escape; in an even number, each pair is an escaped backslash.
_SURROGATE = re.compile(rb"(?<!\\)((?:\\\\)*+)(?:(%b%b)|%b|%b)" % (_HIGH, _LOW, _HIGH, _LOW))


def without_unpaired(json: bytes) -> bytes:
    r"""Replace the escape of each unpaired surrogate in `json` by `\ufffd`; valid JSON is returned unchanged.

    The length does not change, so byte offsets in the result apply to `json` too.

    Example:
        >>> without_unpaired(rb'{"q": "\ud83d", "whole": "\ud83d\ude80"}')
        b'{"q": "\\ufffd", "whole": "\\ud83d\\ude80"}'
    """
    return _SURROGATE.sub(_replacement, json) if b"\\u" in json else json


def _replacement(found: re.Match[bytes]) -> bytes:
    return found[0] if found[2] else found[1] + rb"\ufffd"
