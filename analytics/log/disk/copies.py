"""Copies of the database in the data directory: kept by a restore or an upgrade, or put there as backups."""

from contextlib import suppress
from pathlib import Path

from analytics.log.disk.file import FILE_NAME, foreign_reason


def copies(directory: Path) -> list[str]:
    """The names of all files in `directory` that are databases of this service, except the one in use."""
    return sorted(path.name for path in directory.iterdir() if path.name != FILE_NAME and _is_copy(path))


def _is_copy(path: Path) -> bool:
    with suppress(OSError):
        return path.is_file() and not foreign_reason(path)
    return False
