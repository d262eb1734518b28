"""Detects the kind and format of a file from its beginning."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from analytics.arrays import ArrayScanner
from analytics.feed.csvrows import csv_header, csv_rows
from analytics.feed.kinds import IDENTIFYING, kind_of
from analytics.feed.logfile import LogFile
from analytics.feed.rows import BOM, MAX_ROW, WRAPPED, FileRow, json_document, json_lines

_NAMED = re.compile(rf"({'|'.join(IDENTIFYING)})\b")


class Content(NamedTuple):
    """Kind of the rows in a file (None if unknown), the function that reads them, and the columns of a CSV file."""

    kind: str | None
    rows: Callable[[LogFile], Iterator[FileRow]]
    columns: Collection[str] = ()


def detect_content(path: Path) -> Content:
    """Detect the kind and format of a file from its content, or the kind from its name.

    Raises:
        LogUnreadableError: the file cannot be read.
    """
    with LogFile(path) as file:
        start = next(file.chunks(MAX_ROW), b"").removeprefix(BOM).lstrip()
    named = _NAMED.match(path.name)
    by_name = named[1] if named else None
    wrapped = WRAPPED.match(start)
    if wrapped and wrapped[1].decode(errors="replace") in IDENTIFYING:
        return Content(wrapped[1].decode(), json_document)
    if start[:1] in (b"{", b""):
        return Content(_kind_among(start.splitlines()) or by_name, json_lines)
    if start[:1] == b"[":
        items = (start[span.start : span.end] for span in ArrayScanner(start=1).scan(start))
        return Content(_kind_among(items) or by_name, json_document)
    _, columns = csv_header(start.decode(errors="replace").splitlines())
    return Content(kind_of(columns) or by_name, csv_rows, columns)


def _kind_among(items: Iterable[bytes]) -> str | None:
    """The kind of the first item whose fields identify one; damaged items are skipped."""
    return next((kind for item in items if (kind := kind_of(_names(item)))), None)


def _names(item: bytes) -> Collection[str]:
    """The field names of a JSON object; none if it is damaged or not an object."""
    try:
        found = json.loads(item.decode())
    except (ValueError, RecursionError):
        return ()
    return found if isinstance(found, dict) else ()
