"""Reading a database without touching it: beside the service that owns it, or where it lies."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from analytics.errors import CannotStore
from analytics.log.disk.file import FILE_NAME, MIGRATIONS, beside, check_sqlite, foreign_reason

BUSY_SECONDS = 10.0


class Damaged(CannotStore):
    """SQLite can make no sense of it; `reason` is what it says."""

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{path} is damaged ({reason}).")


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees the database as it is at this instant, and neither writes nor checkpoints.

    It cannot bring the write-ahead log into the file, nor delete it, also where it is the last one to close. While it
    is open, the log of a running service grows.

    Raises:
        Damaged: it is of no use.
        CannotStore: it is none of ours, of a newer version, or cannot be read now.
    """
    check_sqlite()
    try:
        foreign = foreign_reason(path)
    except OSError as error:
        raise CannotStore(f"{path} cannot be read ({error.strerror}).") from error
    if foreign:
        raise CannotStore(f"{path} {foreign}.")
    wal = beside(path, "-wal")
    untouchable = not os.access(path.parent, os.W_OK) and not wal.exists()  # where SQLite can put no log of its own
    uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if untouchable else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as db:
            db.execute("BEGIN")
            ((version,),) = db.execute("PRAGMA user_version")
            if version > len(MIGRATIONS):
                raise CannotStore(
                    f"{path} was written by a newer version of this service (schema {version}, this one knows "
                    f"{len(MIGRATIONS)}): use that version."
                )
            yield db
    except sqlite3.OperationalError as error:
        raise CannotStore(f"{path} cannot be read ({error}).") from error
    except sqlite3.DatabaseError as error:
        raise Damaged(path, str(error)) from error
    if untouchable and wal.exists():
        raise CannotStore(f"{path} was taken into use while it was read: try again.")


def database_in(directory: Path) -> Path:
    """The database of a data directory.

    Raises:
        CannotStore: there is none.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise CannotStore(f"{directory} holds no database of this service: give the right one, or its --data-dir.")
    return path


def sizes(path: Path) -> dict[str, int]:
    """Bytes of the database's files, by name, as far as there are such."""
    files = (path, beside(path, "-wal"), beside(path, "-shm"))
    found = {}
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # the write-ahead log comes and goes
            found[file.name] = file.stat().st_size
    return found
