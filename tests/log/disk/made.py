"""Small databases with a few entries and parts, and ways to damage them."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from analytics.log.disk.database import Database
from analytics.log.disk.stored import Mark, Part, StoredEntry

AT = 1_700_000_000.0
DAY = 86_400
PARTS = [Part("series", 3, DAY * 19_675, b"a day"), Part("ids", 0, 4, b'{"a":1}'), Part("rest", 0, 0, b"{}")]


def entry(seq: int, kind: str = "events", size: int = 2_000) -> StoredEntry:
    """An entry with two records."""
    return StoredEntry(seq, kind, AT + seq, f"p{seq}", 2, b"%d:" % seq + b"x" * size)


def database(path: Path, seqs: Iterable[int] = range(1, 41), checkpoint_at: int = 20) -> Database:
    """An open database with entries, the newest in the write-ahead log, and a checkpoint at `checkpoint_at`."""
    made = Database(path, sync=False)
    entries = [entry(seq, "heartbeats" if seq % 10 == 0 else "events") for seq in seqs]
    if entries:
        made.append(entries)
    if checkpoint_at:
        made.put_parts(PARTS, 1)
        made.finish_checkpoint(Mark(1, checkpoint_at), [], 0)
    return made


def closed(path: Path, seqs: Iterable[int] = range(1, 41), checkpoint_at: int = 20) -> Path:
    """The path of a closed database like that of `database`: all of it is in the file."""
    database(path, seqs, checkpoint_at).close()
    return path


def seqs(path: Path) -> list[int]:
    """The positions of the entries in the database at `path`, including its write-ahead log."""
    with closing(sqlite3.connect(path)) as db:
        return [seq for (seq,) in db.execute("SELECT seq FROM journal ORDER BY seq")]


def change(path: Path, statement: str, *values: object) -> None:
    """Execute a statement on a closed database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(statement, values)


def spoil(path: Path, what: bytes = b"35:xxx", by: bytes = b"35:xyx") -> None:
    """Change some bytes of the file."""
    content = path.read_bytes()
    assert content.count(what) == 1
    path.write_bytes(content.replace(what, by))


def nothing(done: int, pages: int) -> None:
    """Ignore the progress."""


def content(directory: Path) -> dict[str, bytes]:
    """The files of a directory, by name."""
    return {path.name: path.read_bytes() for path in directory.iterdir()}
