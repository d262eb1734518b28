"""The tables of the manifest."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from analytics.errors import CannotStore
from analytics.log.disk.file import PRIVATE, beside, sync_directory

MANIFEST_ID = 0x414E5354
MANIFEST_VERSION = 3
"""The version of the manifest. Since 2 files have `traces`, and there are log lines and spans; since 3 `counts`."""
_SCHEMA = """
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, upto INTEGER NOT NULL, number INTEGER NOT NULL
) STRICT;
CREATE TABLE files (
    name TEXT PRIMARY KEY, layout INTEGER NOT NULL, day INTEGER NOT NULL, level INTEGER NOT NULL,
    epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, crc INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
    since REAL NOT NULL, until REAL NOT NULL, shapes TEXT NOT NULL, services TEXT, types TEXT, letters TEXT,
    damage TEXT, traces TEXT, counts TEXT
) STRICT;
CREATE TABLE shapes (number INTEGER PRIMARY KEY, fields TEXT NOT NULL) STRICT;
CREATE TABLE erasures (
    position INTEGER PRIMARY KEY, number INTEGER NOT NULL, salt TEXT NOT NULL, digests TEXT NOT NULL
) STRICT;
CREATE TABLE buckets (
    kind TEXT NOT NULL, start INTEGER NOT NULL, digest INTEGER NOT NULL, PRIMARY KEY (kind, start)
) STRICT, WITHOUT ROWID;
"""


ERASED_TABLE = "CREATE TABLE IF NOT EXISTS erased (at REAL NOT NULL, salt TEXT NOT NULL, digests TEXT NOT NULL) STRICT"


NUMBERS_TABLE = "CREATE TABLE IF NOT EXISTS record_numbers (kind TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT"

ERASED_RECORDS_TABLE = (
    "CREATE TABLE IF NOT EXISTS erased_records ("
    "position INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, "
    "PRIMARY KEY (position, kind)) STRICT, WITHOUT ROWID"
)
"""The number of the last log line and span that an erasure is about; there are none for those of earlier versions."""


def erased_records(db: sqlite3.Connection) -> dict[int, dict[str, int]]:
    """The number of the last record of each kind that an erasure is about, by the positions of erasures."""
    found: dict[int, dict[str, int]] = {}
    for position, kind, number in db.execute("SELECT position, kind, number FROM erased_records"):
        found.setdefault(position, {})[kind] = number
    return found


def put_erased_records(db: sqlite3.Connection, records: Mapping[int, Mapping[str, int]]) -> None:
    """Note the numbers that `erased_records` returns."""
    rows = [(position, *number) for position, numbers in records.items() for number in numbers.items()]
    db.executemany("INSERT OR REPLACE INTO erased_records VALUES (?, ?, ?)", rows)


def create_manifest(path: Path) -> None:
    """Create a manifest under another name and then rename it, so that it is never incomplete."""
    fresh = beside(path, ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(PRIVATE)
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(f"BEGIN; {_SCHEMA} {NUMBERS_TABLE}; COMMIT;")
        db.execute(f"PRAGMA application_id = {MANIFEST_ID}")
        db.execute(f"PRAGMA user_version = {MANIFEST_VERSION}")
    fresh.replace(path)
    sync_directory(path.parent)


def upgrade_manifest(db: sqlite3.Connection, version: int) -> None:
    """Bring a manifest of an earlier version up to date."""
    if version < MANIFEST_VERSION:
        db.execute("BEGIN IMMEDIATE")
        if version < 2:
            db.execute("ALTER TABLE files ADD COLUMN traces TEXT")
            db.execute(NUMBERS_TABLE)
        db.execute("ALTER TABLE files ADD COLUMN counts TEXT")
        db.execute(f"PRAGMA user_version = {MANIFEST_VERSION}")
        db.execute("COMMIT")


def check_version(path: Path, version: int) -> None:
    """Raises CannotStore if a manifest is of a newer version."""
    if version > MANIFEST_VERSION:
        raise CannotStore(
            f"{path} was written by a newer version of this service (layout {version}, this one knows "
            f"{MANIFEST_VERSION}): use that version."
        )
