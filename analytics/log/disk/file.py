"""The database's file: created, checked before use, and migrated to the newest schema."""

import os
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from analytics.errors import CannotStore

FILE_NAME = "analytics.db"
APPLICATION_ID = 0x414E4453
PAGE_BYTES = 8192
PRIVATE, PRIVATE_DIRECTORY = 0o600, 0o700
"""Modes of new files and directories: for their owner alone."""
BUSY_SECONDS = 5
"""How long SQLite waits for other processes."""
MAGIC = b"SQLite format 3\0"
HEADER_BYTES, APPLICATION = 100, slice(68, 72)
"""The length of an SQLite header in bytes, and the place of the application id in it."""
OLDEST_SQLITE = (3, 37, 0)
"""The first version with strict tables."""


def checksum(*fields: str | float, body: bytes = b"") -> int:
    """The checksum of a row: of its fields, then of its body."""
    return zlib.crc32(body, zlib.crc32(repr(fields).encode()))


MIGRATIONS = (
    f"""
    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, received REAL NOT NULL, id_prefix TEXT NOT NULL,
        records INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE image (
        family TEXT NOT NULL, rung INTEGER NOT NULL, start INTEGER NOT NULL, generation INTEGER NOT NULL,
        crc INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (family, rung, start, generation)
    ) STRICT;
    CREATE TABLE mark (
        one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, position INTEGER NOT NULL,
        crc INTEGER NOT NULL
    ) STRICT;
    INSERT INTO mark VALUES (1, 0, 0, {checksum(0, 0)})
    """,  # one number  # noqa: S608  # nosec
    "",
    """
    CREATE TABLE cursors (
        name TEXT PRIMARY KEY, position INTEGER NOT NULL, missed INTEGER NOT NULL, crc INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE dropped (position INTEGER PRIMARY KEY, indexes BLOB NOT NULL, crc INTEGER NOT NULL) STRICT
    """,
)
"""The scripts that migrate each version of the schema to the next one; a new file starts at version 0.

1: the service's version 0.1.0. 2: entries hold what requests sent, accepted or not, and checkpoints hold the newest
records. 3: consumers have cursors. 4: which records of entries the state did not keep, for consumers.

The table `image` holds the parts of checkpoints, and its column `rung` their level; the names stay so that older files
can be opened.
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database at `path` and migrate it to the newest schema; create it if it is missing.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version; it was not changed.
        sqlite3.OperationalError: the file cannot be used now.
    """
    if not path.exists():
        wal = beside(path, "-wal")
        if wal.exists() and wal.stat().st_size:  # SQLite would apply it to a new database
            raise CannotStore(f"{path} is missing, but its write-ahead log {wal.name} is there. {ADVICE}")
        _create(path)
    db = _connect(path, checked_uri(path))
    try:
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def checked_uri(path: Path) -> str:
    """Check that `path` is an undamaged database of this service, and return its URI for SQLite.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version.
        sqlite3.OperationalError: the file cannot be read now.
    """
    if path.is_dir():
        raise CannotStore(f"{path} is a directory, not a database. {ADVICE}")
    foreign = foreign_reason(path)
    if foreign:
        raise CannotStore(f"{path} {foreign}. {ADVICE}")
    uri = path.resolve().as_uri()
    try:
        with closing(sqlite3.connect(uri + "?mode=ro", uri=True)) as db:
            db.text_factory = lambda text: text.decode(errors="replace")
            ((version,),) = db.execute("PRAGMA user_version")
            if version > len(MIGRATIONS):
                raise CannotStore(
                    f"{path} was written by a newer version of this service (schema {version}, this one supports "
                    f"{len(MIGRATIONS)}). Start that version, or set ANALYTICS_DATA_DIR to another directory."
                )
            ((verdict,),) = db.execute("PRAGMA integrity_check(1)")
            if verdict == "ok" and _tables(db) != _tables_of(version):
                verdict = "its tables were changed"
            if verdict != "ok":
                raise CannotStore(f"{path} is damaged ({verdict}). {ADVICE}")
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter by a message that quotes what is damaged
        raise CannotStore(f"{path} is damaged ({error}). {ADVICE}") from error
    return uri


ADVICE = (
    "Nothing was changed. Move it and its -wal file away to begin with an empty database, restore a backup with "
    "`python -m analytics restore FILE`, or set ANALYTICS_DATA_DIR to another directory."
)


def foreign_reason(path: Path) -> str:
    """Why the file at `path` is not a database of this service, by its header; empty if it looks like one."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if not header.startswith(MAGIC) or len(header) < HEADER_BYTES:
        return "is not a database of this service"
    return "" if int.from_bytes(header[APPLICATION], "big") == APPLICATION_ID else "is a database of another program"


def check_sqlite() -> None:
    """Check that Python's SQLite supports strict tables; an older one would report sound files as damaged.

    Raises:
        CannotStore: it is too old.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise CannotStore(
            f"SQLite {sqlite3.sqlite_version} of this Python is too old: {'.'.join(map(str, OLDEST_SQLITE))} or newer "
            "is needed. Use another Python, or set ANALYTICS_DATA_DIR to nothing to keep everything in memory only."
        )


def beside(path: Path, ending: str) -> Path:
    """The path of a file that SQLite keeps beside a database: `-wal` (write-ahead log), `-shm` (index), `-journal`."""
    return path.with_name(path.name + ending)


def empty_wal(db: sqlite3.Connection, wait: float = 0) -> None:
    """Copy the write-ahead log into the file and empty it; other processes that read are waited for so many seconds.

    Raises:
        sqlite3.Error: that failed, or another process reads the database.
    """
    db.execute(f"PRAGMA busy_timeout = {round(wait * 1000)}")
    try:
        ((busy, _, _),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    if busy:
        raise sqlite3.OperationalError("another process reads the database")


def has_inode(path: Path, inode: int) -> bool:
    """Whether `path` names the file with this inode."""
    try:
        return path.stat().st_ino == inode
    except FileNotFoundError:
        return False


def check_crc(path: Path, written: int, found: int) -> None:
    """Compare a stored checksum with the computed one.

    Raises:
        CannotStore: they differ, so the file is damaged.
    """
    if written != found:
        raise CannotStore(f"{path} is damaged (a checksum is wrong). {ADVICE}")


def _tables(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """The schema of a database."""
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()


def _tables_of(version: int) -> list[tuple[str, ...]]:
    """The expected schema of a version."""
    with closing(sqlite3.connect(":memory:")) as db:
        for script in MIGRATIONS[:version]:
            db.executescript(script)
        return _tables(db)


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri + "?mode=rw", uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def _create(path: Path) -> None:
    """Create a new database under another name and then rename it, so that `path` is never incomplete."""
    fresh = beside(path, ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(PRIVATE)  # SQLite gives its other files the same mode
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(db, fresh)
        db.execute("PRAGMA journal_mode = WAL")
    fresh.replace(path)
    sync_directory(path.parent)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Migrate the schema to the newest version in one transaction; a copy of the older file is kept beside it."""
    ((version,),) = db.execute("PRAGMA user_version")
    if version == len(MIGRATIONS):
        return
    if version:
        kept = beside(path, f".version-{version}")
        kept.touch(PRIVATE)
        with closing(sqlite3.connect(kept)) as copy:
            db.backup(copy)
    db.execute("BEGIN IMMEDIATE")
    try:
        for script in MIGRATIONS[version:]:
            for statement in script.split(";"):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite rolls back by itself after some errors
            db.execute("ROLLBACK")
        raise


def sync_directory(path: Path) -> None:
    """Sync a directory, so that its file names are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
