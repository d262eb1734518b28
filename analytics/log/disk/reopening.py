"""Reopening the database after a failure, if it is still the same file."""

from pathlib import Path

from analytics.errors import CannotStore
from analytics.log.disk.database import Database
from analytics.log.disk.file import has_inode


def reopened(path: Path, inode: int, position: int, *, sync: bool) -> Database:
    """Open the database again, and make its journal end at `position`.

    Raises:
        CannotStore: the file is not the one with this inode, or has lost entries.
        sqlite3.Error: the file still cannot be used.
    """
    if not has_inode(path, inode):
        raise moved(path)
    database = Database(path, sync=sync)
    try:
        database.reset(position)
    except BaseException:
        database.close()
        raise
    return database


def moved(path: Path) -> CannotStore:
    """Error raised when the database file was moved, removed or replaced."""
    return CannotStore(f"{path} was removed or replaced: put it back, or restart the service to start empty")
