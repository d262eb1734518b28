"""Rows of a file of JSON, one object a line or all in one document, in constant memory."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from analytics.feed.logfile import LogFile, LogUnreadableError

MAX_ROW = 1 << 20
"""Bytes; no row that the service takes is longer."""
BOM = codecs.BOM_UTF8
WRAPPED = re.compile(r'\s*\{\s*"(\w+)"\s*:\s*\[\s*')
"""How a document begins that is an object around an array."""
_BARE, _COMMA, _END = re.compile(r"\s*\[\s*"), re.compile(r"\s*,\s*"), re.compile(r"\s*\]")
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
    """Each object of the array that the document is, or that its first field is.

    Raises:
        DamagedFileError: it is not such a document, or ends early.
    """
    text = _Text(file)
    opening = text.match(WRAPPED) or text.match(_BARE)
    if opening is None:
        raise DamagedFileError("is neither a JSON array nor an object around one")
    ends = text.match(_END)
    while not ends:
        yield text.row()
        ends = text.match(_END)
        if not ends and not text.match(_COMMA):
            raise text.damaged("there should be a comma or the end of the array")
    if opening.re is WRAPPED and not text.rest().endswith("}"):
        raise text.damaged("the object around the array does not end")


class _Text:
    """What is left of a file, of which no more is held than one row needs."""

    def __init__(self, file: LogFile) -> None:
        self._pieces, self._line, self._is_all = file.pieces(_PIECE), 1, False
        self._held, self._at = "", 0
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder().raw_decode

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go on behind what matches `pattern`, if it comes next; blanks beyond a piece count as no match."""
        self._hold(_PIECE)
        found = pattern.match(self._held, self._at)
        if found is not None:
            self._go_to(found.end())
        return found

    def row(self) -> Row:
        """The object that comes next.

        Raises:
            DamagedFileError: there is none, or one that is longer than any row may be.
        """
        while True:
            try:
                item, end = self._scan(self._held, self._at)
                break
            except (ValueError, RecursionError) as error:
                held = len(self._held) - self._at
                if self._is_all or held > MAX_ROW:
                    raise self.damaged(getattr(error, "msg", "it is nested too deeply")) from None
                self._hold(held + _PIECE)
        line, text = self._line, self._held[self._at : end]
        self._go_to(end)
        return Row(line, (json.dumps(item) if "\n" in text or "\r" in text else text).encode())

    def rest(self) -> str:
        """The last that is left, without blanks around it."""
        last = self._held[self._at :]
        while not self._is_all:
            self._held, self._at = "", 0
            self._hold(_PIECE)
            last = last[-_PIECE:] + self._held
        return last.strip()

    def damaged(self, what: str) -> DamagedFileError:
        return DamagedFileError(f"is damaged at line {self._line}: {what}")

    def _go_to(self, place: int) -> None:
        self._line += self._held.count("\n", self._at, place)
        self._at = place

    def _hold(self, least: int) -> None:
        """Read on until `least` characters are held, or all that there are."""
        while len(self._held) - self._at < least and not self._is_all:
            piece = next(self._pieces, b"")
            self._is_all = not piece
            try:
                self._held, self._at = self._held[self._at :] + self._decode(piece, not piece), 0
            except UnicodeDecodeError as error:
                raise self.damaged(f"not UTF-8 ({error.reason})") from None
