"""Finding copies of the database leaves the locks of the one in use alone."""

import subprocess
import sys
from pathlib import Path

from analytics.log.disk.copies import copies
from analytics.log.disk.database import Database
from analytics.log.disk.file import FILE_NAME

LOCKED = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(sys.argv[2]))
    except OSError:
        print("locked")
"""
ANY_CONNECTION = 128
"""Byte of `-shm` that SQLite locks as long as a connection is open; who locks it alone may empty the file."""


def test_the_locks_of_the_open_database_stay(tmp_path: Path) -> None:
    database = Database(tmp_path / FILE_NAME, sync=False)
    assert is_locked(tmp_path)
    assert copies(tmp_path) == []
    assert is_locked(tmp_path)
    database.close()


def is_locked(folder: Path) -> bool:
    """Whether a connection of another process would know that the database is open."""
    asked = [sys.executable, "-c", LOCKED, str(folder / f"{FILE_NAME}-shm"), str(ANY_CONNECTION)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "locked\n"
