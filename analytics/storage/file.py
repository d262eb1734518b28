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
OLDEST_SQLITE = (3, 37, 0)
"""The first one that knows strict tables."""


def checksum(*fields: str | float, body: bytes = b"") -> int:
    """A checksum of all that stands in a row."""
    return zlib.crc32(body, zlib.crc32(repr(fields).encode()))


SCRIPTS = (
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
    """,  # noqa: S608
    "",
)
"""What leads from each version of the schema to the next one; a new file begins with version 0.

1: version 0.1.0. 2: entries hold what requests sent, accepted or not, and images hold the newest records.
"""


def opened(path: Path) -> sqlite3.Connection:
    """The database at `path`, in its newest form; made where there is none.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version; it is left as it is.
        sqlite3.OperationalError: it cannot be used now.
    """
    if not path.exists():
        log = beside(path, "-wal")
        if log.exists() and log.stat().st_size:  # beside a new database it would be taken for part of that
            raise CannotStore(f"{path} is missing, but not what belongs to it, {log.name}. {ADVICE}")
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
    if path.is_dir():
        raise CannotStore(f"{path} is a directory, no database. {ADVICE}")
    foreign = why_foreign(path)
    if foreign:
        raise CannotStore(f"{path} {foreign}. {ADVICE}")
    uri = path.resolve().as_uri()
    try:
        with closing(sqlite3.connect(uri + "?mode=ro", uri=True)) as db:
            db.text_factory = lambda text: text.decode(errors="replace")
            ((version,),) = db.execute("PRAGMA user_version")
            if version > len(SCRIPTS):
                raise CannotStore(
                    f"{path} was written by a newer version of this service (schema {version}, this one knows "
                    f"{len(SCRIPTS)}). Start that version, or set ANALYTICS_DATA_DIR to another directory."
                )
            ((verdict,),) = db.execute("PRAGMA integrity_check(1)")
            if verdict == "ok" and _tables(db) != _tables_of(version):
                verdict = "its tables are not as they were made"
            if verdict != "ok":
                raise CannotStore(f"{path} is damaged ({verdict}). {ADVICE}")
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter by a message that quotes what is damaged
        raise CannotStore(f"{path} is damaged ({error}). {ADVICE}") from error
    return uri


ADVICE = (
    "Nothing was changed. Move it away, with its -wal, to begin anew, bring a backup back with "
    "`python -m analytics restore FILE`, or set ANALYTICS_DATA_DIR to another directory."
)


def why_foreign(path: Path) -> str:
    """What the file at `path` is instead of a database of ours; empty where it looks like one."""
    with path.open("rb") as file:
        header = file.read(HEADER)
    if not header.startswith(MAGIC) or len(header) < HEADER:
        return "is no database of this service"
    return "" if int.from_bytes(header[APPLICATION], "big") == APPLICATION_ID else "is a database of another program"


def check_sqlite() -> None:
    """See whether the SQLite that Python brings along can read and write such files.

    Raises:
        CannotStore: it is too old: it would take sound files for damaged ones.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise CannotStore(
            f"SQLite {sqlite3.sqlite_version} of this Python is too old: {'.'.join(map(str, OLDEST_SQLITE))} or newer "
            "is needed. Use another Python, or set ANALYTICS_DATA_DIR to nothing to keep everything in memory."
        )


def beside(path: Path, ending: str) -> Path:
    """What SQLite puts beside a database: its write-ahead log `-wal`, that one's index `-shm`, or a `-journal`."""
    return path.with_name(path.name + ending)


def check_crc(path: Path, written: int, found: int) -> None:
    """Compare the checksum that was written with that of what was found.

    Raises:
        CannotStore: they differ.
    """
    if written != found:
        raise CannotStore(f"{path} is damaged (a checksum is wrong). {ADVICE}")


def _tables(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    """The schema, as the database itself tells it."""
    return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()


def _tables_of(version: int) -> list[tuple[str, ...]]:
    """What the schema of a version looks like."""
    with closing(sqlite3.connect(":memory:")) as db:
        for script in SCRIPTS[:version]:
            db.executescript(script)
        return _tables(db)


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri + "?mode=rw", uri=True, isolation_level=None, timeout=5)


def _create(path: Path) -> None:
    """Make a new database under another name first, so that `path` is never half of one."""
    fresh = beside(path, ".new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(db, fresh)
        db.execute("PRAGMA journal_mode = WAL")
    fresh.replace(path)
    sync_directory(path.parent)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to its newest version, in one transaction; an older file is kept beside the new one."""
    ((version,),) = db.execute("PRAGMA user_version")
    if version == len(SCRIPTS):
        return
    if version:
        kept = beside(path, f".version-{version}")
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
        if db.in_transaction:  # some failures end it by themselves
            db.execute("ROLLBACK")
        raise


def sync_directory(path: Path) -> None:
    """Have the disk know the names in a directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
