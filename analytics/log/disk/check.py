"""Check of the data directory before a start.

It imports little: gunicorn's master makes it, and keeps in memory what it imports.
"""

import sqlite3
from pathlib import Path

from analytics.config import Settings
from analytics.errors import CannotStore
from analytics.log.disk.file import FILE_NAME, check_sqlite, checked_uri
from analytics.log.disk.lock import DirectoryLock


def check_store(settings: Settings) -> None:
    """Check that the data directory can be used, before anything is started.

    Raises:
        CannotStore: it cannot; the message says why and what to do, in one line.
    """
    if not settings.data_dir:
        return
    check_sqlite()
    directory = Path(settings.data_dir)
    lock = DirectoryLock(directory)
    try:
        if (directory / FILE_NAME).exists():
            checked_uri(directory / FILE_NAME)
    except (sqlite3.Error, OSError) as error:
        raise CannotStore(cannot_use(directory, error)) from error
    finally:
        lock.release()


def cannot_use(directory: Path, error: Exception) -> str:
    """The message for a data directory that cannot be used."""
    return (
        f"ANALYTICS_DATA_DIR={directory} cannot be used ({error}). Check whether its disk is full, read-only or "
        "failing, or set another directory."
    )
