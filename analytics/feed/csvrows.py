"""Rows of a CSV file, as exports or spreadsheets write it, back as JSON."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analytics.feed.kinds import KNOWN
from analytics.feed.logfile import LogFile
from analytics.feed.rows import BOM, MAX_ROW, DamagedFileError, Row, is_json

SEPARATORS = ",;\t"
"""What may stand between cells: a spreadsheet takes what is usual in its country."""
MARK = "'"
"""What an export puts in front of texts that a spreadsheet would take for formulas."""
OBJECTS, NUMBERS = ("data", "tags"), ("value",)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Header(NamedTuple):
    """What separates the cells of a table, and the names of its columns; none where it is no table."""

    separator: str
    names: list[str]


def header(lines: Sequence[str]) -> Header:
    """The header of a table of these lines, with the separator by which most of its names are known ones."""
    return max((_header(lines, separator) for separator in SEPARATORS), key=lambda found: len(KNOWN & {*found.names}))


def _header(lines: Sequence[str], separator: str) -> Header:
    try:
        return Header(separator, next(csv.reader(lines, delimiter=separator), []))
    except csv.Error:
        return Header(separator, [])


def table(file: LogFile) -> Iterator[Row]:
    """Each row below the line of names; the cells of both are separated by commas, semicolons or tabs.

    A row that cannot be read costs no other, unless a quote in it is not closed.

    Raises:
        DamagedFileError: the line of names cannot be read.
    """
    texts = _Texts(file)
    separator, names = header([next((text for text in texts if not text.isspace()), "")])
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
            yield Row(line, b"", problem)
        elif row is None:
            return
        elif row and len(row) != len(names):
            yield Row(line, b"", f"has {len(row)} cells where there are {len(names)} names")
        elif row:  # else it is a blank line
            yield Row(line, as_json(names, row))


def as_json(names: Sequence[str], cells: Sequence[str]) -> bytes:
    """One row; a cell that is not what its name says becomes a text, which the service then refuses by name."""
    fields = [f"{json.dumps(name)}:{_value(name, cell)}" for name, cell in zip(names, cells, strict=True) if cell]
    return f"{{{','.join(fields)}}}".encode()


def _value(name: str, cell: str) -> str:
    if name in NUMBERS and _NUMBER.fullmatch(cell):
        return cell
    if name in OBJECTS and is_json(cell):
        return cell if "\n" not in cell and "\r" not in cell else json.dumps(json.loads(cell))
    return json.dumps(cell.removeprefix(MARK))


class _Texts(Iterator[str]):
    """The lines of a file as text; `number` is that of the last one, from 1."""

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
            return raw.decode(errors="replace")  # its quotes still count

    def take_problem(self) -> str | None:
        """Why one of the lines since this was asked last cannot be used."""
        problem, self._problem = self._problem, None
        return problem
