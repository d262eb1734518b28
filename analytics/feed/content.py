"""Looks at a file's beginning to tell what it holds and in which form."""

import csv
import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from analytics.feed.csvrows import table
from analytics.feed.logfile import LogFile
from analytics.feed.rows import BOM, MAX_ROW, WRAPPED, Row, document, lines_of_json

FIELDS = {
    "events": ("type", "service", "user_id", "timestamp", "id", "data"),
    "metrics": ("name", "value", "unit", "tags", "timestamp", "id"),
}
"""What rows that can be imported may have."""
SUMS = {
    "services": ("name", "request_count"),
    "hourly": ("hour", "requests"),
    "daily": ("date", "requests"),
}
"""What tells rows that are sums, and cannot be."""
_TELLING = {"events": ("type", "service"), "metrics": ("name", "value"), **SUMS}
_NAMED = re.compile(rf"({'|'.join(_TELLING)})\b")


class Content(NamedTuple):
    """What a file holds (None where nothing tells), how to read it, and, of a table, the names of its columns."""

    kind: str | None
    rows: Callable[[LogFile], Iterator[Row]]
    columns: Collection[str] = ()


def look(path: Path) -> Content:
    """What `path` holds by its content, or else by its name.

    Raises:
        LogUnreadableError: it cannot be read.
    """
    with LogFile(path) as file:
        start = next(file.pieces(MAX_ROW), b"").removeprefix(BOM).decode(errors="replace")
    named = _NAMED.match(path.name)
    by_name = named[1] if named else None
    wrapped = WRAPPED.match(start)
    if wrapped and wrapped[1] in _TELLING:
        return Content(wrapped[1], document)
    if start.lstrip()[:1] in ("{", ""):
        first, _, _ = start.lstrip().partition("\n")
        return Content(_kind_of(_names(first)) or by_name, lines_of_json)
    if start.lstrip()[:1] == "[":
        return Content(_kind_of(_names(start.lstrip()[1:].lstrip())) or by_name, document)
    try:
        columns = next(csv.reader(start.splitlines()), [])
    except csv.Error:
        columns = []
    return Content(_kind_of(columns) or by_name, table, columns)


def _names(text: str) -> Collection[str]:
    """The fields of the object that `text` begins with."""
    try:
        first, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return ()
    return first if isinstance(first, dict) else ()


def _kind_of(names: Collection[str]) -> str | None:
    return next((kind for kind, telling in _TELLING.items() if set(telling) <= set(names)), None)
