"""Searches a data directory for a text: in the bytes of every file, and in everything that is compressed in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.packing import unpacked


def holds(directory: Path, text: str) -> bool:
    """Whether any file holds the text.

    A text that is unique in a compressed body is there as it is, at its first occurrence, so that freed pages can be
    searched too; the bodies of all rows are decompressed besides.
    """
    wanted = text.encode()
    files = [path for path in directory.rglob("*") if path.is_file()]
    return any(wanted in path.read_bytes() for path in files) or any(
        wanted in unpacked(body) for body in _bodies(directory / FILE_NAME)
    )


def _bodies(path: Path) -> list[bytes]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return [body for (body,) in db.execute("SELECT body FROM journal UNION ALL SELECT body FROM image") if body]
