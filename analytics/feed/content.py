"""Looks at a file's beginning to tell what it holds and in which form."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from analytics.arrays import ArrayScanner
from analytics.feed.csvrows import header, table
from analytics.feed.kinds import TELLING, kind_of
from analytics.feed.logfile import LogFile
from analytics.feed.rows import BOM, MAX_ROW, WRAPPED, Row, document, lines_of_json

_NAMED = re.compile(rf"({'|'.join(TELLING)})\b")


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
        start = next(file.pieces(MAX_ROW), b"").removeprefix(BOM).lstrip()
    named = _NAMED.match(path.name)
    by_name = named[1] if named else None
    wrapped = WRAPPED.match(start)
    if wrapped and wrapped[1].decode(errors="replace") in TELLING:
        return Content(wrapped[1].decode(), document)
    if start[:1] in (b"{", b""):
        return Content(_kind_among(start.splitlines()) or by_name, lines_of_json)
    if start[:1] == b"[":
        items = (start[span.start : span.end] for span in ArrayScanner(start=1).scan(start))
        return Content(_kind_among(items) or by_name, document)
    _, columns = header(start.decode(errors="replace").splitlines())
    return Content(kind_of(columns) or by_name, table, columns)


def _kind_among(items: Iterable[bytes]) -> str | None:
    """The kind of the first item that tells it; damaged ones do not."""
    return next((kind for item in items if (kind := kind_of(_names(item)))), None)


def _names(item: bytes) -> Collection[str]:
    """The fields of an object."""
    try:
        found = json.loads(item.decode())
    except (ValueError, RecursionError):
        return ()
    return found if isinstance(found, dict) else ()
