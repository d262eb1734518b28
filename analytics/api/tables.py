"""Rows as text: CSV, a JSON object a line, or one JSON document, each row by itself."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Raw, Struct, structs

from analytics.answer import encode
from analytics.query.export import Row

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""
MARK = "'"
"""Stands in front of texts that begin with one of those, or with itself, and for the empty text."""
MARKED = (*FORMULA, MARK)


class Form(Protocol):
    """How rows are written: what stands before them, between two of them and after them."""

    content_type: str
    head: bytes
    between: bytes
    tail: bytes

    def __init__(self, kind: str, columns: Sequence[str]) -> None: ...

    def row(self, row: Row) -> bytes:
        """One row; its text has no line end but the last."""
        ...


class Lines:
    """Each row as a JSON object on a line of its own."""

    content_type = "application/x-ndjson"
    head = between = tail = b""

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        pass

    def row(self, row: Row) -> bytes:
        return encode(row) + b"\n"


class Document:
    """One JSON object around an array that bears the name of what its rows are; each row has a line of its own."""

    content_type = "application/json"
    between, tail = b",\n", b"\n]}\n"

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        self.head = b'{"%b":[\n' % kind.encode()

    def row(self, row: Row) -> bytes:
        return encode(row)


class Csv:
    """RFC 4180 with a line of names.

    Numbers stand as they are, objects as JSON, and what is null is an empty cell. A text that a spreadsheet would take
    for a formula has an apostrophe in front, and so has one that begins with an apostrophe; the empty text is an
    apostrophe. So whoever takes one leading apostrophe away has the text back.
    """

    content_type = "text/csv; charset=utf-8; header=present"
    between = tail = b""

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        self._line = csv.writer(_Echo()).writerow
        self.head = self._encode(columns)

    def row(self, row: Row) -> bytes:
        return self._encode(map(cell, structs.astuple(row) if isinstance(row, Struct) else row.values()))

    def _encode(self, cells: Any) -> bytes:
        line: Any = self._line(cells)  # what the echo gave back
        return line.encode()  # type: ignore[no-any-return]


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str | float:
    """One value as it stands in a table."""
    if value.__class__ is str:
        return MARK + value if not value or value.startswith(MARKED) else value
    if value is None:
        return ""
    if isinstance(value, Raw):
        return bytes(value).decode()
    if isinstance(value, dict | list):
        return encode(value).decode()
    return value  # type: ignore[no-any-return]


FORMS: Mapping[str, type[Form]] = {"ndjson": Lines, "csv": Csv, "json": Document}
"""By the name under which they are asked for."""
