"""Reads rows of NDJSON (one object a line) or of one JSON document, in constant memory."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from analytics.arrays import ArrayScanner
from analytics.feed.logfile import LogFile, LogUnreadableError

MAX_ROW = 1 << 20
"""Bytes; the service accepts no longer row."""
BOM = codecs.BOM_UTF8
WRAPPED = re.compile(rb'\s*\{\s*"(\w+)"\s*:\s*\[')
"""Start of a document that is an object around an array."""
BARE = re.compile(rb"\s*\[")
"""Start of a document that is an array."""
_ONE_LINE = bytes.maketrans(b"\r\n", b"\t\t")
_CHUNK_BYTES = 1 << 16


class FileRow(NamedTuple):
    """A row as one line of JSON, or the problem with it; `line` is the number of its first line, from 1."""

    line: int
    text: bytes
    problem: str | None = None


class DamagedFileError(LogUnreadableError):
    """The file does not have the format that its beginning suggests; the message says where."""


def json_lines(file: LogFile) -> Iterator[FileRow]:
    """Yield the lines that are not blank, without parsing them."""
    for number, raw in file.lines(MAX_ROW):
        if len(raw) > MAX_ROW:
            yield FileRow(number, b"", f"longer than {MAX_ROW} bytes")
        else:
            text = raw.removeprefix(BOM).strip()
            if text:
                yield FileRow(number, text)


def json_document(file: LogFile) -> Iterator[FileRow]:
    """Yield the items of a document that is an array, or an object whose first field is an array.

    A damaged item is yielded as it is if its strings and brackets are closed; otherwise it and the rest of the file are
    one row with a problem.

    Raises:
        DamagedFileError: the file is not such a document.
    """
    chunks = file.chunks(_CHUNK_BYTES)
    chunk = next(chunks, b"").removeprefix(BOM)
    opening = WRAPPED.match(chunk) or BARE.match(chunk)
    if opening is None:
        raise DamagedFileError("is neither a JSON array nor an object around one")
    items = _Items(line=1 + chunk.count(b"\n", 0, opening.end()))
    chunk = chunk[opening.end() :]
    while items.end is None:
        yield from items.read(chunk)
        if items.end is None and not (chunk := next(chunks, b"")):
            yield from items.unfinished()
            return
    rest = chunk[items.end :]
    while len(rest) <= MAX_ROW and (chunk := next(chunks, b"")):
        rest += chunk
    if not _is_end(rest, opening[1] if opening.re is WRAPPED else None):
        yield FileRow(items.line, b"", "the end of the document, after the array, is damaged and was not read")


class _Items:
    """Splits an array that is read in chunks into its items, holding at most one item.

    `line` is the number of the line reached, from 1; `end` is the position after the array in the chunk in which it
    ends.
    """

    def __init__(self, line: int) -> None:
        self.line = line
        self.end: int | None = None
        self._scanner, self._offset = ArrayScanner(), 0
        self._held, self._begins, self._count = b"", line, 0

    def read(self, chunk: bytes) -> Iterator[FileRow]:
        """Yield the items that end in the next chunk."""
        at = 0
        for span in self._scanner.scan(chunk, self._offset):
            end = span.end - self._offset
            self.line += chunk.count(b"\n", at, end)
            text = self._held + chunk[at:end]
            is_last = self._scanner.end is not None
            if text.strip() or self._count or not is_last:  # otherwise the array is empty
                yield self._row(text, span.end - span.start)
            self._held, self._begins, at = b"", self.line, end + 1
            self._count += 1
        if self._scanner.end is not None:
            self.end = at
            return
        self.line += chunk.count(b"\n", at)
        self._held += chunk[at : at + MAX_ROW + 1 - len(self._held)]
        self._offset += len(chunk)

    def unfinished(self) -> Iterator[FileRow]:
        """Yield the last item and the problem when the file ends inside the array."""
        row = self._row(self._held, len(self._held))
        if row.problem is None and is_json(row.text):
            yield row
            yield FileRow(self.line, b"", "the file ends before its array does")
        else:
            yield row._replace(
                text=b"",
                problem="the file ends within this row, or a quote or a bracket in it is not closed: "
                "the rest of the file was not read",
            )

    def _row(self, text: bytes, size: int) -> FileRow:
        item = text.lstrip()
        line = self._begins + text.count(b"\n", 0, len(text) - len(item))
        if size > MAX_ROW:
            return FileRow(line, b"", f"longer than {MAX_ROW} bytes")
        if not item:
            return FileRow(line, b"", "is empty: there is an extra comma")
        return FileRow(line, item.rstrip().translate(_ONE_LINE))


def is_json(text: bytes | str) -> bool:
    """Whether `text` is valid JSON; bytes must be UTF-8."""
    try:
        json.loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _is_end(rest: bytes, name: bytes | None) -> bool:
    """Whether `rest` is a valid end of a document after its array.

    `name` is the field of the array, which must not be repeated; None if the document is the array.
    """
    if name is None:
        return not rest.strip()
    try:
        others = json.loads(b'{"":0%b' % rest)
    except (ValueError, RecursionError):
        return False
    return name.decode() not in others
