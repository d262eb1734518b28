"""Copies of the database in the data directory, and of the long-term store: kept by a restore, or put there."""

from contextlib import suppress
from pathlib import Path

from analytics.log.disk.file import FILE_NAME, foreign_reason

STORE_ENDING = ".store"
"""Suffix of the folder with the files of a long-term store, after the name of the backup of its database."""


def copies(directory: Path) -> list[str]:
    """The names of databases of this service in `directory` except the one in use, and of stores beside them."""
    return sorted(path.name for path in directory.iterdir() if path.name != FILE_NAME and _is_copy(path))


def _is_copy(path: Path) -> bool:
    with suppress(OSError):
        return path.name.endswith(STORE_ENDING) if path.is_dir() else not foreign_reason(path)
    return False
