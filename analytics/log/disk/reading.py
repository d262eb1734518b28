"""Reading a database without changing it, also while the service runs."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from analytics.errors import CannotStore
from analytics.log.disk.file import FILE_NAME, MIGRATIONS, beside, check_sqlite, foreign_reason

READER_BUSY_SECONDS = 10.0


class Damaged(CannotStore):
    """Error raised when SQLite finds the file damaged; `reason` is SQLite's message."""

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{path} is damaged ({reason}).")


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees the database as of this instant.

    It does not write, and leaves the write-ahead log as it is, even if it is the last connection to close. While it is
    open, the write-ahead log of a running service grows.

    Raises:
        Damaged: the file is damaged.
        CannotStore: the file is foreign, of a newer version, or cannot be read now.
    """
    check_sqlite()
    try:
        foreign = foreign_reason(path)
    except OSError as error:
        raise CannotStore(f"{path} cannot be read ({error.strerror}).") from error
    if foreign:
        raise CannotStore(f"{path} {foreign}.")
    wal = beside(path, "-wal")
    is_immutable = not os.access(path.parent, os.W_OK) and not wal.exists()  # SQLite cannot create a -wal file here
    uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if is_immutable else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=READER_BUSY_SECONDS)) as db:
            db.execute("BEGIN")
            ((version,),) = db.execute("PRAGMA user_version")
            if version > len(MIGRATIONS):
                raise CannotStore(
                    f"{path} was written by a newer version of this service (schema {version}, this one supports "
                    f"{len(MIGRATIONS)}): use that version."
                )
            yield db
    except sqlite3.OperationalError as error:
        raise CannotStore(f"{path} cannot be read ({error}).") from error
    except sqlite3.DatabaseError as error:
        raise Damaged(path, str(error)) from error
    if is_immutable and wal.exists():
        raise CannotStore(f"{path} was opened by another process meanwhile: try again.")


def database_in(directory: Path) -> Path:
    """The path of the database in a data directory.

    Raises:
        CannotStore: there is none.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise CannotStore(f"{directory} has no database of this service: name another file, or another --data-dir.")
    return path


def sizes(path: Path) -> dict[str, int]:
    """The sizes of the database's files in bytes, by name; missing ones are left out."""
    files = (path, beside(path, "-wal"), beside(path, "-shm"))
    found = {}
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # the write-ahead log comes and goes
            found[file.name] = file.stat().st_size
    return found
