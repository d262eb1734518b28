"""Converts the rows of a CSV file, from an export or a spreadsheet, to JSON."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analytics.feed.kinds import KNOWN
from analytics.feed.logfile import LogFile
from analytics.feed.rows import BOM, MAX_ROW, DamagedFileError, FileRow, is_json

SEPARATORS = ",;\t"
"""Possible separators; spreadsheets choose one by the country."""
FORMULA_GUARD = "'"
"""Prefix that exports add to texts that a spreadsheet would take for formulas."""
OBJECTS, NUMBERS = ("data", "tags"), ("value",)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Header(NamedTuple):
    """Separator and column names of a CSV file; no names if it is not one."""

    separator: str
    names: list[str]


def csv_header(lines: Sequence[str]) -> Header:
    """The header in the first lines of a CSV file; the separator is the one that gives the most known column names."""
    return max((_header(lines, separator) for separator in SEPARATORS), key=lambda found: len(KNOWN & {*found.names}))


def _header(lines: Sequence[str], separator: str) -> Header:
    try:
        return Header(separator, next(csv.reader(lines, delimiter=separator), []))
    except csv.Error:
        return Header(separator, [])


def csv_rows(file: LogFile) -> Iterator[FileRow]:
    """Yield the rows below the header, with commas, semicolons or tabs as separators.

    A damaged row is yielded with its problem and does not affect others, unless a quote in it is not closed.

    Raises:
        DamagedFileError: the header cannot be read.
    """
    texts = _TextLines(file)
    separator, names = csv_header([next((text for text in texts if not text.isspace()), "")])
    if (problem := texts.take_problem()) is not None:
        raise DamagedFileError(problem)
    cells = csv.reader(texts, strict=True, delimiter=separator)
    while True:
        line = texts.number + 1
        try:
            row = next(cells, None)
            problem = texts.take_problem()
        except csv.Error as error:
            row, problem = [], texts.take_problem() or f"is damaged: {error}"
        if problem is not None:
            yield FileRow(line, b"", problem)
        elif row is None:
            return
        elif row and len(row) != len(names):
            yield FileRow(line, b"", f"has {len(row)} cells where there are {len(names)} names")
        elif row:  # otherwise the line is blank
            yield FileRow(line, as_json(names, row))


def as_json(names: Sequence[str], cells: Sequence[str]) -> bytes:
    """One row as JSON. A cell of the wrong type becomes a string; the service rejects it and names the field."""
    fields = [f"{json.dumps(name)}:{_value(name, cell)}" for name, cell in zip(names, cells, strict=True) if cell]
    return f"{{{','.join(fields)}}}".encode()


def _value(name: str, cell: str) -> str:
    if name in NUMBERS and _NUMBER.fullmatch(cell):
        return cell
    if name in OBJECTS and is_json(cell):
        return cell.replace("\r", " ").replace("\n", " ")  # between tokens only; a row is a line
    return json.dumps(cell.removeprefix(FORMULA_GUARD))


class _TextLines(Iterator[str]):
    """The lines of a file as text; `number` is the number of the last line read, from 1."""

    def __init__(self, file: LogFile) -> None:
        self.number = 0
        self._lines = file.lines(MAX_ROW, blank=True)
        self._problem: str | None = None

    def __next__(self) -> str:
        self.number, raw = next(self._lines)
        if len(raw) > MAX_ROW:
            self._problem = f"has a line longer than {MAX_ROW} bytes"
            return "\n"
        if self.number == 1:
            raw = raw.removeprefix(BOM)
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            self._problem = f"is not UTF-8 ({error.reason} at byte {error.start} of line {self.number})"
            return raw.decode(errors="replace")  # quotes in it still count

    def take_problem(self) -> str | None:
        """The problem with a line that was read since the last call; None if there is none."""
        problem, self._problem = self._problem, None
        return problem
