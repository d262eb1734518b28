"""The database: one SQLite file with the journal and the newest checkpoint of the state.

One connection, used by one thread, does all writes. Only `checkpoint_wal` copies SQLite's write-ahead log into the
file, so that no failure of that goes unnoticed.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from analytics.errors import CannotStore
from analytics.log.disk.cursors import Cursors, Missed
from analytics.log.disk.file import PAGE, check_crc, checksum, open_database
from analytics.log.disk.packing import packed, unpacked

WAL_CHECKPOINT_BYTES = 8 * 1024 * 1024
"""How much is written before it is brought from the write-ahead log into the file."""
BATCH_ENTRIES = 1_000
"""How many entries may be appended at once."""
POSITION_GAP = 2**32
"""How many numbers each start leaves out, so that those of entries that `relaxed` lost are not used again."""


class StoredEntry(NamedTuple):
    """One entry of the journal: the packed JSON of `records` records of a kind, `received` in epoch seconds."""

    position: int
    kind: str
    received: float
    id_prefix: str
    records: int
    body: bytes

    def checksum(self) -> int:
        """What tells whether it is as it was written."""
        position, kind, received, id_prefix, records, body = self  # quicker than each by its name
        return checksum(position, kind, float(received), id_prefix, records, body=body)


class Part(NamedTuple):
    """One piece of the checkpoint; see `log.disk.checkpoint`."""

    family: str
    rung: int
    start: int
    body: bytes

    def checksum(self, generation: int) -> int:
        """What tells whether it is as it was written."""
        return checksum(self.family, self.rung, self.start, generation, body=self.body)


class Mark(NamedTuple):
    """Which checkpoint is whole, and up to which entry of the journal it goes."""

    generation: int
    position: int


class Database:
    """An open database, made where there was none.

    Args:
        sync: whether a commit waits until the disk has it.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version; it is left as it is.
        sqlite3.Error: it cannot be used now.
    """

    def __init__(self, path: Path, *, sync: bool) -> None:
        self.path = path
        self._wal_bytes = WAL_CHECKPOINT_BYTES  # whatever an earlier run has left
        self._must_reopen = False
        self._db = open_database(path)
        self.inode = path.stat().st_ino
        self._db.text_factory = partial(str, encoding="utf-8", errors="replace")  # the checksum tells what is damaged
        self._db.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
        self._db.execute("PRAGMA wal_autocheckpoint = 0")
        self._db.execute("PRAGMA secure_delete = OFF")  # some builds write zeros over all that is deleted
        self._db.execute(f"PRAGMA journal_size_limit = {8 * WAL_CHECKPOINT_BYTES}")
        try:
            self.cursors = Cursors(self._db, path, self.mark().position, self._writing)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close it, and bring all into the file."""
        self._db.close()

    def is_in_place(self) -> bool:
        """Whether its name still leads to it: what is written to a file that was removed nobody finds again."""
        return is_at(self.path, self.inode)

    def append(self, entries: list[StoredEntry]) -> None:
        """Write entries of the journal, at most `BATCH_ENTRIES`: all or none.

        Raises:
            sqlite3.Error: it was not possible. Where that is not certain, `reset` makes it so.
        """
        places = ", ".join(
            ["(?, ?, ?, ?, ?, ?, ?)"] * len(entries)
        )  # one statement: quicker, and a transaction by itself
        values: list[Any] = []
        for entry in entries:
            values += (*entry[:5], entry.checksum(), entry.body)
        with self._writing():
            self._db.execute(f"INSERT INTO journal VALUES {places}", values)  # noqa: S608
        size = sum(len(entry.body) for entry in entries)
        self._wal_bytes += size + 3 * PAGE
        self.cursors.fresh_bytes += size

    @property
    def needs_wal_checkpoint(self) -> bool:
        """Whether it is time to `checkpoint_wal`; any thread may ask."""
        return self._wal_bytes >= WAL_CHECKPOINT_BYTES

    def checkpoint_wal(self) -> None:
        """Bring what was written from the write-ahead log into the file.

        Raises:
            sqlite3.Error: it was not possible; what was written is safe where it is.
        """
        with self._writing():
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._wal_bytes = 0

    def reset(self, position: int) -> None:
        """Make certain, after a failure, that the journal ends with the entry `position`, on the disk too.

        Checkpoints that did not become whole are dropped.

        Raises:
            CannotStore: that entry is lost.
            sqlite3.Error: it was not possible.
        """
        with self._transaction():
            self._db.execute("DELETE FROM journal WHERE seq > ?", (position,))
            self._drop_unfinished()
        last = self.last_position()
        if last < position:
            raise CannotStore(f"{self.path} has lost entries of the journal: it ends with {last}, not {position}.")
        ((busy, _, _),) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if busy:
            raise sqlite3.OperationalError("database is locked")

    def mark(self) -> Mark:
        """The checkpoint that is whole."""
        *mark, crc = self._db.execute("SELECT generation, position, crc FROM mark").fetchone()
        check_crc(self.path, crc, checksum(*mark))
        return Mark(*mark)

    def parts(self) -> Iterator[Part]:
        """The parts of the checkpoint that is whole."""
        query = """
            SELECT family, rung, start, max(generation), crc, body FROM image
            WHERE generation <= (SELECT generation FROM mark) GROUP BY family, rung, start
        """
        for family, rung, start, generation, crc, body in self._db.execute(query):
            check_crc(self.path, crc, Part(family, rung, start, body).checksum(generation))
            yield Part(family, rung, start, unpacked(body))

    def last_position(self) -> int:
        """The number of the journal's last entry, 0 where there never was one."""
        ((last,),) = self._db.execute("SELECT max(coalesce(max(seq), 0), (SELECT position FROM mark)) FROM journal")
        return int(last)

    def count_entries(self, after: int) -> int:
        """How many entries the journal has above the number `after`."""
        ((count,),) = self._db.execute("SELECT count(*) FROM journal WHERE seq > ?", (after,))
        return int(count)

    def kinds(self) -> set[str]:
        """What the journal holds entries of."""
        return {kind for (kind,) in self._db.execute("SELECT DISTINCT kind FROM journal")}

    def entries(self, after: int, up_to: int, kind: str | None = None) -> Iterator[StoredEntry]:
        """The entries of the journal numbered above `after` and up to `up_to`, of one kind or all."""
        query = "SELECT seq, kind, received, id_prefix, records, body, crc FROM journal WHERE seq > ? AND seq <= ?"
        query, limits = (query, (after, up_to)) if kind is None else (query + " AND kind = ?", (after, up_to, kind))
        for *fields, crc in self._db.execute(query + " ORDER BY seq", limits):
            entry = StoredEntry(*fields)
            check_crc(self.path, crc, entry.checksum())
            yield entry

    def start_of_newest(self, kind: str, count: int, up_to: int) -> int:
        """The number of the entry that has the oldest of the newest `count` records up to the entry `up_to`."""
        found, start = 0, up_to + 1
        query = "SELECT seq, records FROM journal WHERE kind = ? AND seq <= ? ORDER BY seq DESC"
        for seq, records in self._db.execute(query, (kind, up_to)):
            start, found = seq, found + records
            if found >= count:
                break
        return start

    def begin_checkpoint(self) -> int:
        """The generation of the next checkpoint; what is left of one that did not become whole is dropped."""
        self.abandon_checkpoint()
        return self.mark().generation + 1

    def put_parts(self, parts: list[Part], generation: int) -> None:
        """Write parts of a checkpoint that is not whole yet."""
        stored = [part._replace(body=packed(part.body)) for part in parts]
        with self._writing(), self._transaction():
            self._db.executemany(
                "INSERT INTO image VALUES (?, ?, ?, ?, ?, ?)",
                [(*part[:3], generation, part.checksum(generation), part.body) for part in stored],
            )
        self._wal_bytes += sum(len(part.body) for part in stored)

    def finish_checkpoint(self, mark: Mark, oldest: Iterable[tuple[str, int, int]], most_bytes: int) -> list[Missed]:
        """Declare a checkpoint whole, and delete what it makes superfluous; returns which consumers miss entries.

        Args:
            oldest: family, rung and start of what the checkpoint keeps at the oldest.
            most_bytes: how much of the journal is kept for consumers that have not read it.
        """
        with self._writing(), self._transaction():
            self._db.execute("UPDATE mark SET generation = ?, position = ?, crc = ?", (*mark, checksum(*mark)))
            self._db.execute(
                """
                DELETE FROM image WHERE EXISTS (
                    SELECT 1 FROM image AS newer WHERE newer.family = image.family AND newer.rung = image.rung
                    AND newer.start = image.start AND newer.generation > image.generation
                )
                """
            )
            self._db.executemany("DELETE FROM image WHERE family = ? AND rung = ? AND start < ?", oldest)
            return self.cursors.prune(mark.position, most_bytes)

    def abandon_checkpoint(self) -> None:
        """Drop the parts of checkpoints that did not become whole."""
        with self._writing(), self._transaction():
            self._drop_unfinished()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A block that writes: where one failed, none begins before the file was opened again, and looked at.

        Without room nothing was written, which leaves no doubt.
        """
        if self._must_reopen:
            raise sqlite3.OperationalError("an earlier write failed")
        try:
            yield
        except (sqlite3.Error, MemoryError) as error:
            self._must_reopen = getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL
            raise

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """A block whose changes are made all or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):  # the error that led here says more
                    self._db.execute("ROLLBACK")

    def _drop_unfinished(self) -> None:
        self._db.execute("DELETE FROM image WHERE generation > (SELECT generation FROM mark)")


def reopened(path: Path, inode: int, position: int, *, sync: bool) -> Database:
    """The database after a failure: the same file, known to end with the entry `position`.

    Raises:
        CannotStore: it is not the one that it was.
        sqlite3.Error: it cannot be used yet.
    """
    if not is_at(path, inode):
        raise moved(path)
    database = Database(path, sync=sync)
    try:
        database.reset(position)
    except BaseException:
        database.close()
        raise
    return database


def is_at(path: Path, inode: int) -> bool:
    """Whether that file has the name `path`."""
    try:
        return path.stat().st_ino == inode
    except FileNotFoundError:
        return False


def moved(path: Path) -> CannotStore:
    """What is said of a database that is not where it was."""
    return CannotStore(f"{path} was removed or replaced: put it back, or start the service again to begin anew")
