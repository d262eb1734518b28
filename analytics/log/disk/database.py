"""The database: one SQLite file with the journal and the newest checkpoint of the state.

One connection, used by one thread, does all writes. Only `checkpoint_wal` copies SQLite's write-ahead log into the
file, so that no failure of that goes unnoticed.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from analytics.errors import CannotStore
from analytics.log.disk.cursors import Cursors, Missed
from analytics.log.disk.file import PAGE_BYTES, check_crc, checksum, empty_wal, has_inode, open_database
from analytics.log.disk.packing import packed, unpacked
from analytics.log.disk.stored import ERASING, Mark, Part, StoredEntry

WAL_CHECKPOINT_BYTES = 8 * 1024 * 1024
"""After how many bytes of writes the write-ahead log is copied into the file."""
READERS_SECONDS = 1.0
"""How long writing the file anew waits for processes that read it, such as that of the long-term store."""
MAX_POSITION = 2**63 - 1
BATCH_ENTRIES = 1_000
"""The most entries in one `append`."""


class Database:
    """An open database; the file is created if it is missing. Only one thread may use it.

    Args:
        sync: whether a commit waits until the data is on the disk.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version; it was not changed.
        sqlite3.Error: the file cannot be used now.
    """

    def __init__(self, path: Path, *, sync: bool) -> None:
        self.path = path
        self._wal_bytes = WAL_CHECKPOINT_BYTES  # an earlier run may have left some
        self._must_reopen = False
        self._db = open_database(path)
        self.inode = path.stat().st_ino
        self._db.text_factory = partial(str, encoding="utf-8", errors="replace")  # the checksum finds the damage
        self._db.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
        self._db.execute("PRAGMA wal_autocheckpoint = 0")
        self._db.execute("PRAGMA secure_delete = OFF")  # some builds overwrite deleted data with zeros
        self._db.execute(f"PRAGMA journal_size_limit = {8 * WAL_CHECKPOINT_BYTES}")
        try:
            self.cursors = Cursors(self._db, path, self.mark().position, self._writing)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the database; SQLite copies the write-ahead log into the file."""
        self._db.close()

    def is_in_place(self) -> bool:
        """Whether `path` still names this file; data written to a removed file would be lost."""
        return has_inode(self.path, self.inode)

    def append(self, entries: list[StoredEntry]) -> None:
        """Append at most `BATCH_ENTRIES` entries to the journal: all or none.

        Raises:
            sqlite3.Error: writing failed. The entries may have been written all the same; `reset` removes them.
        """
        # one statement: quicker, and a transaction by itself
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(entries))
        values: list[Any] = []
        for entry in entries:
            values += (*entry[:5], entry.checksum(), entry.body)
        with self._writing():
            self._db.execute(f"INSERT INTO journal VALUES {places}", values)  # only `?`  # noqa: S608  # nosec
        size = sum(len(entry.body) for entry in entries)
        self._wal_bytes += size + 3 * PAGE_BYTES
        self.cursors.fresh_bytes += size

    def rewrite(self, entries: list[StoredEntry]) -> None:
        """Replace the records of entries that the checkpoint covers."""
        rows = [(entry.records, entry.checksum(), entry.body, entry.position) for entry in entries]
        with self._writing(), self._transaction():
            self._db.executemany("UPDATE journal SET records = ?, crc = ?, body = ? WHERE seq = ?", rows)

    @property
    def needs_wal_checkpoint(self) -> bool:
        """Whether `checkpoint_wal` is due. Any thread may read it."""
        return self._wal_bytes >= WAL_CHECKPOINT_BYTES

    def checkpoint_wal(self) -> None:
        """Copy the write-ahead log into the file.

        Raises:
            sqlite3.Error: copying failed; the data is safe in the write-ahead log.
        """
        with self._writing():
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._wal_bytes = 0

    def reset(self, position: int) -> None:
        """Make the journal end at `position`, in memory and on the disk, after a failure.

        Deletes later entries, and parts of incomplete checkpoints.

        Raises:
            CannotStore: the entry at `position` is lost.
            sqlite3.Error: writing failed.
        """
        with self._transaction():
            self._db.execute("DELETE FROM journal WHERE seq > ?", (position,))
            self._drop_unfinished()
        last = self.last_position()
        if last < position:
            raise CannotStore(
                f"{self.path} has lost entries of the journal: the last is {last}, not {position}. Check the disk and "
                "restore a backup."
            )
        empty_wal(self._db)

    def mark(self) -> Mark:
        """The mark of the newest complete checkpoint."""
        *mark, crc = self._db.execute("SELECT generation, position, crc FROM mark").fetchone()
        check_crc(self.path, crc, checksum(*mark))
        return Mark(*mark)

    def parts(self) -> Iterator[Part]:
        """The parts of the newest complete checkpoint."""
        query = """
            SELECT family, rung, start, max(generation), crc, body FROM image
            WHERE generation <= (SELECT generation FROM mark) GROUP BY family, rung, start
        """
        for family, level, start, generation, crc, body in self._db.execute(query):
            check_crc(self.path, crc, Part(family, level, start, body).checksum(generation))
            yield Part(family, level, start, unpacked(body))

    def last_position(self) -> int:
        """The position of the journal's last entry; 0 if there never was one."""
        ((last,),) = self._db.execute("SELECT max(coalesce(max(seq), 0), (SELECT position FROM mark)) FROM journal")
        return int(last)

    def count_entries(self, after: int, up_to: int = MAX_POSITION) -> int:
        """How many entries the journal has after the position `after`, up to and including `up_to`."""
        ((count,),) = self._db.execute("SELECT count(*) FROM journal WHERE seq > ? AND seq <= ?", (after, up_to))
        return int(count)

    def kinds(self) -> set[str]:
        """The kinds of the journal's entries."""
        return {kind for (kind,) in self._db.execute("SELECT DISTINCT kind FROM journal")}

    def entries(self, after: int, up_to: int, kind: str | None = None) -> Iterator[StoredEntry]:
        """The entries after the position `after` up to and including `up_to`, of one kind or of all."""
        query = "SELECT seq, kind, received, id_prefix, records, body, crc FROM journal WHERE seq > ? AND seq <= ?"
        query, limits = (query, (after, up_to)) if kind is None else (query + " AND kind = ?", (after, up_to, kind))
        for *fields, crc in self._db.execute(query + " ORDER BY seq", limits):
            entry = StoredEntry(*fields)
            check_crc(self.path, crc, entry.checksum())
            yield entry

    def start_of_newest(self, kind: str, count: int, up_to: int) -> int:
        """The position of the first entry with one of the newest `count` records of a kind, up to position `up_to`."""
        found, start = 0, up_to + 1
        query = "SELECT seq, records FROM journal WHERE kind = ? AND seq <= ? ORDER BY seq DESC"
        for seq, records in self._db.execute(query, (kind, up_to)):
            start, found = seq, found + records
            if found >= count:
                break
        return start

    def compact(self) -> None:
        """Write the file anew without deleted data, and note that no erased events are left.

        Raises:
            sqlite3.Error: writing failed, or another process reads the database.
        """
        with self._writing():
            self._db.execute("VACUUM")
        empty_wal(self._db, READERS_SECONDS)
        self._wal_bytes = 0
        with self._writing():
            self._db.execute("DELETE FROM image WHERE family = ?", (ERASING.family,))

    def begin_checkpoint(self) -> int:
        """Delete parts of incomplete checkpoints, and return the generation for a new one."""
        self.abandon_checkpoint()
        return self.mark().generation + 1

    def put_parts(self, parts: list[Part], generation: int) -> None:
        """Write parts of the checkpoint of that generation, which is not complete yet."""
        stored = [part._replace(body=packed(part.body)) for part in parts]
        with self._writing(), self._transaction():
            self._db.executemany(
                "INSERT INTO image VALUES (?, ?, ?, ?, ?, ?)",
                [(*part[:3], generation, part.checksum(generation), part.body) for part in stored],
            )
        self._wal_bytes += sum(len(part.body) for part in stored)

    def finish_checkpoint(
        self,
        mark: Mark,
        oldest: Iterable[tuple[str, int, int]],
        max_bytes: int,
        dropped: Iterable[tuple[int, bytes]] = (),
    ) -> list[Missed]:
        """Mark a checkpoint as complete, and delete the parts and entries that it replaces.

        Returns the consumers that miss entries because of that.

        Args:
            oldest: family, level and start of the oldest parts to keep.
            max_bytes: how many bytes of entries are kept for consumers that have not read them.
            dropped: positions of entries, and the packed indexes of their records that the state did not keep.
        """
        rows = [(position, indexes, checksum(position, body=indexes)) for position, indexes in dropped]
        with self._writing(), self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO dropped VALUES (?, ?, ?)", rows)
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
            return self.cursors.prune(mark.position, max_bytes)

    def abandon_checkpoint(self) -> None:
        """Delete the parts of incomplete checkpoints."""
        with self._writing(), self._transaction():
            self._drop_unfinished()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Context for writes. After one has failed, further ones raise until the database was reopened.

        A full disk is an exception: then it is certain that nothing was written.
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
        """Context for writes of which all or none are made."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):  # the original error says more
                    self._db.execute("ROLLBACK")

    def _drop_unfinished(self) -> None:
        self._db.execute("DELETE FROM image WHERE generation > (SELECT generation FROM mark)")
