"""Rows of a CSV file as exports write it, back as JSON."""

import csv
import json
import re
from collections.abc import Iterator, Sequence

from analytics.feed.logfile import LogFile
from analytics.feed.rows import BOM, MAX_ROW, DamagedFileError, Row

MARK = "'"
"""What an export puts in front of texts that a spreadsheet would take for formulas."""
OBJECTS, NUMBERS = ("data", "tags"), ("value",)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def table(file: LogFile) -> Iterator[Row]:
    """Each row below the line of names.

    Raises:
        DamagedFileError: it is no CSV.
    """
    cells = csv.reader(_texts(file), strict=True)
    names: list[str] | None = None
    while True:
        line = cells.line_num + 1
        try:
            row = next(cells, None)
        except csv.Error as error:
            raise DamagedFileError(f"is damaged at line {line}: {error}") from None
        if row is None:
            return
        if names is None:
            names = row
        elif not row:
            continue  # a blank line
        elif len(row) != len(names):
            yield Row(line, b"", f"has {len(row)} cells where there are {len(names)} names")
        else:
            yield Row(line, as_json(names, row))


def as_json(names: Sequence[str], cells: Sequence[str]) -> bytes:
    """One row; a cell that is not what its name says becomes a text, which the service then refuses by name."""
    fields = [f"{json.dumps(name)}:{_value(name, cell)}" for name, cell in zip(names, cells, strict=True) if cell]
    return f"{{{','.join(fields)}}}".encode()


def _value(name: str, cell: str) -> str:
    if name in NUMBERS and _NUMBER.fullmatch(cell):
        return cell
    if name in OBJECTS and _is_json(cell):
        return cell if "\n" not in cell and "\r" not in cell else json.dumps(json.loads(cell))
    return json.dumps(cell.removeprefix(MARK))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _texts(file: LogFile) -> Iterator[str]:
    for number, raw in file.lines(MAX_ROW, blank=True):
        if len(raw) > MAX_ROW:
            raise DamagedFileError(f"has a line longer than {MAX_ROW} bytes: {number}")
        try:
            yield (raw.removeprefix(BOM) if number == 1 else raw).decode()
        except UnicodeDecodeError as error:
            raise DamagedFileError(f"is not UTF-8 at line {number} ({error.reason})") from None
