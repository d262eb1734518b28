"""Rows of a file of JSON, one object a line or all in one document, in constant memory."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from analytics.arrays import ArrayScanner
from analytics.feed.logfile import LogFile, LogUnreadableError

MAX_ROW = 1 << 20
"""Bytes; no row that the service takes is longer."""
BOM = codecs.BOM_UTF8
WRAPPED = re.compile(rb'\s*\{\s*"(\w+)"\s*:\s*\[')
"""How a document begins that is an object around an array."""
BARE = re.compile(rb"\s*\[")
"""How a document begins that is an array."""
_ONE_LINE = bytes.maketrans(b"\r\n", b"\t\t")
_PIECE = 1 << 16


class Row(NamedTuple):
    """A row as JSON on one line, or why it cannot be read; `line` is where it begins, from 1."""

    line: int
    text: bytes
    problem: str | None = None


class DamagedFileError(LogUnreadableError):
    """The file is not what it looks like from its beginning; the message says where."""


def lines_of_json(file: LogFile) -> Iterator[Row]:
    """Each line that is not blank; what it says is not looked at."""
    for number, raw in file.lines(MAX_ROW):
        if len(raw) > MAX_ROW:
            yield Row(number, b"", f"longer than {MAX_ROW} bytes")
        else:
            text = raw.removeprefix(BOM).strip()
            if text:
                yield Row(number, text)


def document(file: LogFile) -> Iterator[Row]:
    """Each item of the array that the document is, or that its first field is.

    A damaged item is passed on as it is where its strings and brackets are closed; else it and all that follows it is
    one row with a problem.

    Raises:
        DamagedFileError: it is not such a document.
    """
    pieces = file.pieces(_PIECE)
    piece = next(pieces, b"").removeprefix(BOM)
    opening = WRAPPED.match(piece) or BARE.match(piece)
    if opening is None:
        raise DamagedFileError("is neither a JSON array nor an object around one")
    items = _Items(line=1 + piece.count(b"\n", 0, opening.end()))
    piece = piece[opening.end() :]
    while items.end is None:
        yield from items.read(piece)
        if items.end is None and not (piece := next(pieces, b"")):
            yield from items.unfinished()
            return
    rest = piece[items.end :]
    while len(rest) <= MAX_ROW and (piece := next(pieces, b"")):
        rest += piece
    if not _is_end(rest, opening[1] if opening.re is WRAPPED else None):
        yield Row(items.line, b"", "what follows the array, or should, is not as it must be: it was not read")


class _Items:
    """Items of an array that comes in pieces, of which no more is held than one row needs.

    `line` is how far they were read, from 1, and `end` the place behind the array in the piece in which it ended.
    """

    def __init__(self, line: int) -> None:
        self.line = line
        self.end: int | None = None
        self._scanner, self._offset = ArrayScanner(), 0
        self._held, self._begins, self._count = b"", line, 0

    def read(self, piece: bytes) -> Iterator[Row]:
        """The items that end in the next piece."""
        at = 0
        for span in self._scanner.scan(piece, self._offset):
            end = span.end - self._offset
            self.line += piece.count(b"\n", at, end)
            text = self._held + piece[at:end]
            is_last = self._scanner.end is not None
            if text.strip() or self._count or not is_last:  # else the array is empty
                yield self._row(text, span.end - span.start)
            self._held, self._begins, at = b"", self.line, end + 1
            self._count += 1
        if self._scanner.end is not None:
            self.end = at
            return
        self.line += piece.count(b"\n", at)
        self._held += piece[at : at + MAX_ROW + 1 - len(self._held)]
        self._offset += len(piece)

    def unfinished(self) -> Iterator[Row]:
        """What there is of an item, and why there is no more, where the file ends before the array does."""
        row = self._row(self._held, len(self._held))
        if row.problem is None and is_json(row.text):
            yield row
            yield Row(self.line, b"", "the file ends before its array does")
        else:
            yield row._replace(
                text=b"",
                problem="the file ends within this row, or a quote or a bracket in it is not closed: "
                "nothing from here on was read",
            )

    def _row(self, text: bytes, size: int) -> Row:
        item = text.lstrip()
        line = self._begins + text.count(b"\n", 0, len(text) - len(item))
        if size > MAX_ROW:
            return Row(line, b"", f"longer than {MAX_ROW} bytes")
        if not item:
            return Row(line, b"", "is empty: there is a comma too many")
        return Row(line, item.rstrip().translate(_ONE_LINE))


def is_json(text: bytes | str) -> bool:
    """Whether `text` is valid JSON; bytes must be UTF-8."""
    try:
        json.loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _is_end(rest: bytes, name: bytes | None) -> bool:
    """Whether a document may end so behind its array, whose `name` in the object around it may not come again."""
    if name is None:
        return not rest.strip()
    try:
        others = json.loads(b'{"":0%b' % rest)
    except (ValueError, RecursionError):
        return False
    return name.decode() not in others
