"""The lines of a body of NDJSON."""

import re

from analytics.schemas.raws import one_line

BLANKS = b" \t\r\v\f"
TABS = b" \t"
"""Blanks around a line whose line breaks are tabs."""
LINE = re.compile(rb"\S[^\n]*+")
"""A line that is not blank, without the blanks before it."""
OBJECT_END = b"}\n{"
"""Between two lines with an object each."""


def count_lines(body: bytes, most: int) -> int:
    """How many lines there are that are not blank, counted up to one more than `most`."""
    return len(body.translate(None, BLANKS).split(maxsplit=most))


def without_blank_lines(body: bytes) -> bytes:
    """The lines that are not blank."""
    return b"\n".join(LINE.findall(body))


def lines_of(body: bytes) -> list[bytes]:
    """The lines that are not blank, without line breaks in them."""
    return [one_line(line) for line in body.split(b"\n") if line and not line.isspace()]


def may_be_objects(lines: bytes) -> int | None:
    """How many lines there are, if each may be one object; else None.

    If they are as many objects as lines, each is one: what is looked for between them is never inside of an object.
    """
    ends = lines.count(b"\n")
    return ends + 1 if lines.count(OBJECT_END) == ends else None
