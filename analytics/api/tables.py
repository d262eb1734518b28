"""Formats of exports: CSV, NDJSON, or one JSON document, written row by row."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Raw, Struct, structs

from analytics.answer import encode
from analytics.query.export import Row

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet interpret a text as a formula."""
APOSTROPHE = "'"
"""Escape character in front of texts that start with one of those or with itself; alone, it is the empty text."""
MARKED = (*FORMULA, APOSTROPHE)


class Form(Protocol):
    """Format of rows, with the bytes before the first row, between two rows and after the last row."""

    content_type: str
    head: bytes
    between: bytes
    tail: bytes

    def __init__(self, kind: str, columns: Sequence[str]) -> None: ...

    def row(self, row: Row) -> bytes:
        """Format one row; only its last character may be a line break."""
        ...


class Lines:
    """NDJSON: each row is a JSON object on its own line."""

    content_type = "application/x-ndjson"
    head = between = tail = b""

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        pass

    def row(self, row: Row) -> bytes:
        return encode(row) + b"\n"


class JsonTable:
    """One JSON object with an array, which has the name of the kind; each row is on its own line."""

    content_type = "application/json"
    between, tail = b",\n", b"\n]}\n"

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        self.head = b'{"%b":[\n' % kind.encode()

    def row(self, row: Row) -> bytes:
        return encode(row)


class Csv:
    """CSV (RFC 4180) with a header line.

    Objects are written as JSON, and null as an empty cell. A text that a spreadsheet would interpret as a formula gets
    an apostrophe in front; so does a text that starts with an apostrophe, and the empty text is one apostrophe. To get
    the original text, remove one leading apostrophe.
    """

    content_type = "text/csv; charset=utf-8; header=present"
    between = tail = b""

    def __init__(self, kind: str, columns: Sequence[str]) -> None:
        self._line = csv.writer(_Echo()).writerow
        self.head = self._encode(columns)

    def row(self, row: Row) -> bytes:
        return self._encode(map(cell, structs.astuple(row) if isinstance(row, Struct) else row.values()))

    def _encode(self, cells: Any) -> bytes:
        line: Any = self._line(cells)  # the writer returns the result of _Echo.write
        return line.encode()  # type: ignore[no-any-return]


class _Echo:
    """File whose `write` returns the text."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str | float:
    """Value of one CSV cell."""
    if value.__class__ is str:
        return APOSTROPHE + value if not value or value.startswith(MARKED) else value
    if value is None:
        return ""
    if isinstance(value, Raw):
        return bytes(value).decode()
    if isinstance(value, dict | list):
        return encode(value).decode()
    return value  # type: ignore[no-any-return]


FORMS: Mapping[str, type[Form]] = {"ndjson": Lines, "csv": Csv, "json": JsonTable}
"""Formats by the value of the parameter `format`."""
