"""The database's file: made whole or not at all, looked at before it is used, migrated with the old one kept."""

import os
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from analytics.errors import CannotStore

FILE_NAME = "analytics.db"
APPLICATION_ID = 0x414E4453
PAGE = 8192
MAGIC = b"SQLite format 3\0"
HEADER, APPLICATION = 100, slice(68, 72)
"""How long a database's header is, and where in it the application's id stands."""
SCRIPTS = (
    """
    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, received REAL NOT NULL, id_prefix TEXT NOT NULL,
        records INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE image (
        family TEXT NOT NULL, rung INTEGER NOT NULL, start INTEGER NOT NULL, generation INTEGER NOT NULL,
        crc INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (family, rung, start, generation)
    ) STRICT;
    CREATE TABLE mark (
        one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, position INTEGER NOT NULL
    ) STRICT;
    INSERT INTO mark VALUES (1, 0, 0)
    """,
)
"""What leads from each version of the schema to the next one; a new file begins with version 0."""


def opened(path: Path) -> sqlite3.Connection:
    """The database at `path`, in its newest form; made where there is none.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version; it is left as it is.
        sqlite3.OperationalError: it cannot be used now.
    """
    if not path.exists():
        _create(path)
    db = _connect(path, looked_at(path))
    try:
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def looked_at(path: Path) -> str:
    """The URI of a database of ours that is sound.

    Raises:
        CannotStore: it is something else.
        sqlite3.OperationalError: it cannot be read now.
    """
    with path.open("rb") as file:
        header = file.read(HEADER)
    if not header.startswith(MAGIC) or len(header) < HEADER:
        raise CannotStore(f"{path} is no database of this service. {ADVICE}")
    if int.from_bytes(header[APPLICATION], "big") != APPLICATION_ID:
        raise CannotStore(f"{path} is a database of another program. {ADVICE}")
    uri = path.resolve().as_uri()
    try:
        with closing(sqlite3.connect(uri + "?mode=ro", uri=True)) as db:
            ((version,),) = db.execute("PRAGMA user_version")
            if version > len(SCRIPTS):
                raise CannotStore(
                    f"{path} was written by a newer version of this service (schema {version}, this one knows "
                    f"{len(SCRIPTS)}). Start that version, or set ANALYTICS_DATA_DIR to another directory."
                )
            ((verdict,),) = db.execute("PRAGMA quick_check(1)")
            if verdict != "ok":
                raise CannotStore(f"{path} is damaged ({verdict}). {ADVICE}")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise CannotStore(f"{path} is damaged ({error}). {ADVICE}") from error
    return uri


ADVICE = (
    "Nothing was changed. Move it away to begin anew, bring a backup back with "
    "`python -m analytics restore FILE`, or set ANALYTICS_DATA_DIR to another directory."
)


def check_crc(path: Path, crc: int, body: bytes) -> None:
    """Compare a body with the checksum that was written beside it.

    Raises:
        CannotStore: they differ.
    """
    if zlib.crc32(body) != crc:
        raise CannotStore(f"{path} is damaged (a checksum is wrong). {ADVICE}")


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri + "?mode=rw", uri=True, isolation_level=None, timeout=5)


def _create(path: Path) -> None:
    """Make a new database under another name first, so that `path` is never half of one."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(db, fresh)
        db.execute("PRAGMA journal_mode = WAL")
    for suffix in ("-wal", "-shm"):  # of a database that was moved away without them: they would be taken for ours
        left = path.with_name(path.name + suffix)
        if left.exists():
            left.replace(path.with_name(f"{path.name}.left{suffix}"))
    fresh.replace(path)
    sync_directory(path.parent)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to its newest version, in one transaction; an older file is kept beside the new one."""
    ((version,),) = db.execute("PRAGMA user_version")
    if version == len(SCRIPTS):
        return
    if version:
        kept = path.with_name(f"{path.name}.version-{version}")
        with closing(sqlite3.connect(kept)) as copy:
            db.backup(copy)
    db.execute("BEGIN IMMEDIATE")
    try:
        for script in SCRIPTS[version:]:
            for statement in script.split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(SCRIPTS)}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def sync_directory(path: Path) -> None:
    """Have the disk know the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
