"""Copies of the database in the data directory, and of the long-term store: kept by a restore, or put there."""

from contextlib import suppress
from pathlib import Path

from analytics.log.disk.file import FILE_NAME, foreign_reason

IN_USE = {f"{FILE_NAME}{ending}" for ending in ("", "-wal", "-shm", "-journal")}
"""The database, and what SQLite keeps beside it.

None of these may be opened here: closing a file drops every lock that this process holds on it, those of SQLite among
them. Another process could then empty `-shm` while this one has it mapped, which ends this one by SIGBUS.

Source: sqlite.org/howtocorrupt.html, "Posix advisory locks canceled by a separate thread doing close()"
"""
STORE_ENDING = ".store"
"""Suffix of the folder with the files of a long-term store, after the name of the backup of its database."""


def copies(directory: Path) -> list[str]:
    """The names of databases of this service in `directory` except the one in use, and of stores beside them."""
    return sorted(path.name for path in directory.iterdir() if path.name not in IN_USE and _is_copy(path))


def _is_copy(path: Path) -> bool:
    with suppress(OSError):
        return path.name.endswith(STORE_ENDING) if path.is_dir() else not foreign_reason(path)
    return False
