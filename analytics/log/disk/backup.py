"""Backups: consistent copies of the database, also while the service runs."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from analytics.errors import CannotStore
from analytics.log.disk.file import PRIVATE, beside, sync_directory
from analytics.log.disk.inspection import Inspection, inspect
from analytics.log.disk.reading import read_only

PAGES_PER_STEP = 256
"""How many pages are copied between two calls of the progress function."""

Progress = Callable[[int, int], None]
"""Called with the number of pages copied so far and the total."""


def back_up(source: Path, target: Path, *, overwrite: bool, progress: Progress) -> Inspection:
    """Copy the database `source` to `target`, which appears only when the copy is complete and verified.

    The copy holds all that was written before the call. The service may write meanwhile.

    Raises:
        CannotStore: `target` exists, `source` is damaged, or one of them cannot be used.
    """
    if target.exists() and (not target.is_file() or target.samefile(source)):
        reason = "is the database itself" if target.is_file() else "is not a regular file"
        raise CannotStore(f"{target} {reason}: choose another name.")
    if target.exists() and not overwrite:
        raise CannotStore(f"{target} exists: choose another name, or overwrite it with --force.")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        found = checked_copy(source, part, progress)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        raise CannotStore(f"{target} cannot be written ({error.strerror}): choose another place.") from error
    finally:
        remove(part)
    found.path, found.sizes = target, {target.name: found.sizes[part.name]}
    return found


def checked_copy(source: Path, target: Path, progress: Progress) -> Inspection:
    """Copy a database into one new file without a write-ahead log, and verify the copy.

    The caller must sync the file. Returns what the copy contains.

    Raises:
        CannotStore: `source` is damaged or cannot be read, or `target` cannot be written.
        OSError: `target` cannot be written.
    """
    remove(target)
    target.touch(PRIVATE, exist_ok=False)
    with read_only(source) as db, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        try:
            copy.execute("PRAGMA synchronous = OFF")  # the caller syncs the complete file
            db.backup(copy, pages=PAGES_PER_STEP, progress=lambda _, left, pages: progress(pages - left, pages))
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        except sqlite3.Error as error:
            raise CannotStore(f"{source} could not be copied to {target} ({error}).") from error
    found = inspect(target)
    if found.damage:
        raise CannotStore(f"{source} is damaged ({found.damage[0]}): see `inspect`. It was not copied.")
    return found


def remove(path: Path) -> None:
    """Remove a database that is not in use, with the files that SQLite keeps beside it."""
    for ending in ("", "-journal", "-wal", "-shm"):
        beside(path, ending).unlink(missing_ok=True)
