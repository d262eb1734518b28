"""Patterns of texts: the text with `<_>` in place of numbers, ids, hexadecimal numbers and quoted texts, no colours."""

import re

ANYTHING = "<_>"
LONGEST = 500
"""Characters of a line that its pattern has."""
_VARIES = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\\s]|\\.)*')
    |(?P<id>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)
    |(?P<hex>\b0[xX][0-9a-fA-F]+\b|\b(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{8,}\b)
    |(?P<number>[-+]?(?<![A-Za-z])[0-9]+(?:[.:,/-][0-9]+)*)""",
    re.VERBOSE,
)
_COLOURS = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
"""With which terminals show colours."""
_REPEATED = re.compile(r"<_>(?:[\s,;:.|/T-]*<_>)+")


def pattern_of(body: str) -> str:
    """The pattern of a line: numbers, ids, hexadecimal numbers and quoted texts vary.

    Example:
        >>> pattern_of('user 17 paid "3 EUR" in 25ms')
        'user <_> paid <_> in <_>ms'
    """
    line = body[:LONGEST].partition("\n")[0]
    if "\x1b" in line:
        line = _COLOURS.sub("", line)
    return _REPEATED.sub(ANYTHING, _VARIES.sub(_replaced, line)).strip()


def _replaced(found: "re.Match[str]") -> str:
    if found["quoted"] and found.string[found.end() : found.end() + 1] == ":":
        return found[0]  # the name of a field of JSON
    return ANYTHING
