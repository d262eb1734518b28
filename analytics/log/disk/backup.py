"""Backups: a copy of the database as it is at one instant, taken beside the service that owns it."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from analytics.errors import CannotStore
from analytics.log.disk.file import beside, sync_directory
from analytics.log.disk.inspection import Inspection, inspect
from analytics.log.disk.reading import read_only

PAGES = 256
"""How many pages are copied between two looks at the progress."""

Progress = Callable[[int, int], None]
"""Is told how many pages are copied, and of how many."""


def back_up(source: Path, target: Path, *, overwrite: bool, progress: Progress) -> Inspection:
    """Copy the database `source` to `target`, which appears when the copy is whole and was checked.

    It holds all that was written before; a service may go on writing meanwhile.

    Raises:
        CannotStore: there is a file already, the database is damaged, or one of both cannot be used.
    """
    if target.exists() and (not target.is_file() or target.samefile(source)):
        raise CannotStore(f"{target} {'is the database itself' if target.is_file() else 'is no file'}.")
    if target.exists() and not overwrite:
        raise CannotStore(f"{target} exists: give another name, or --force.")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        found = checked_copy(source, part, progress)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        raise CannotStore(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        remove(part)
    found.path, found.sizes = target, {target.name: found.sizes[part.name]}
    return found


def checked_copy(source: Path, target: Path, progress: Progress) -> Inspection:
    """Copy a database into one new file, without a write-ahead log, and look at all of the copy.

    Raises:
        CannotStore: `source` is damaged or cannot be read, or `target` cannot be written.
        OSError: `target` cannot be written.
    """
    remove(target)
    with target.open("xb"):
        pass
    with read_only(source) as db, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        try:
            copy.execute("PRAGMA synchronous = OFF")  # whoever asked for the copy has the disk know it when it is whole
            db.backup(copy, pages=PAGES, progress=lambda _, left, pages: progress(pages - left, pages))
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        except sqlite3.Error as error:
            raise CannotStore(f"{source} could not be copied to {target} ({error}).") from error
    found = inspect(target)
    if found.damage:
        raise CannotStore(f"{source} is damaged ({found.damage[0]}): `inspect` tells more. There is no copy of it.")
    return found


def remove(path: Path) -> None:
    """Remove a database that is not in use, with what SQLite put beside it."""
    for ending in ("", "-journal", "-wal", "-shm"):
        beside(path, ending).unlink(missing_ok=True)
