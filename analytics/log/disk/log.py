"""The journal: entries that wait together are written together, in one thread, and applied in the same order."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gevent
import msgspec
from gevent.event import Event
from gevent.hub import Waiter

from analytics.errors import CannotStore
from analytics.jobs import Job
from analytics.kinds import MIB, Kind
from analytics.log.disk.backlog import Backlog
from analytics.log.disk.cursors import Cursor
from analytics.log.disk.database import POSITION_GAP, Database, StoredEntry, moved, reopened
from analytics.log.disk.failures import reason_of, traceback_of, unavailable
from analytics.log.disk.packing import packed
from analytics.log.disk.pending import Completion, Pending, notify
from analytics.log.disk.thread import Thread
from analytics.log.log import Entry, applied
from analytics.turns import let_others_work

RETRY_SECONDS = 1.0
"""How long a failed disk is left alone."""
RELAXED_SECONDS = 1.0
"""How long what was acknowledged already may wait for others to be written with."""
YIELD_SECONDS = 0.005
"""How long entries are gathered, or applied, before others have a turn."""
BRIEF_SECONDS = 0.0002
"""How long the event loop waits for a write that goes to the operating system alone; most take half of that."""
FSYNC, RELAXED = "fsync", "relaxed"

logger = logging.getLogger(__name__)
P = ParamSpec("P")
A = TypeVar("A")
_encode_into = msgspec.json.Encoder().encode_into


class DiskLog:
    """The journal in a database, once that is open.

    Args:
        lock: the state's.
        durability: `fsync` acknowledges what the disk has, `process` what the operating system has, `relaxed` at once.
        max_bytes: how much of what checkpoints hold already is kept for consumers that have not read it.
    """

    def __init__(self, lock: threading.Lock, path: Path, durability: str, max_bytes: int = 1024 * MIB) -> None:
        self.max_bytes = max_bytes
        self.consumers: dict[str, Cursor] = {}
        """The cursors of the consumers of this process, by name."""
        self._lock, self._path, self._durability = lock, path, durability
        self._thread = Thread()
        self._database: Database | None = None
        self._inode = 0
        self._backlog = Backlog(is_one_queue=durability == RELAXED)
        self._buffer = bytearray()
        self._wake = Event()
        self._idle = Event()
        self._idle.set()
        self._unapplied: deque[Pending] = deque()
        self._writer = Job("the journal", self._run)
        self.position = self.written = 0
        """The number of the last entry that was applied, and of the last one that was written."""
        self.entries = self.applied = 0
        """How many entries, and records in them, were applied since the start."""
        self._first_position = 1
        self._reported: Exception | None = None
        self.failure: str | None = "the records of before are being read"
        """Why nothing can be written now, if that is so."""

    def check(self, kind: Kind[Any]) -> None:
        """Check that entries of this kind can be appended now.

        Raises:
            Unavailable: the disk fails, or too much of this kind waits for it.
        """
        if self.failure is not None:
            raise unavailable(self.failure)
        if not self._backlog.has_room(kind):
            raise unavailable("the disk does not keep up")

    def append(self, entry: Entry) -> Callable[[], Any]:
        """Append an entry; the state's lock must be held. Returns a function that waits until it is applied.

        Raises (the returned function):
            Unavailable: the entry could not be written, and is not applied.
        """
        _encode_into(entry.records, self._buffer)
        pending = Pending(entry, packed(self._buffer), None if self._durability == RELAXED else Waiter())
        self._backlog.add(pending)
        if len(self._backlog) == 1:
            self._idle.clear()
            self._wake.set()
        if pending.waiter is not None:
            return pending.waiter.get  # type: ignore[no-any-return]
        self._count(entry)
        return applied(entry)

    def ask(self, question: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> A:
        """The answer to `question`, asked in the thread that owns the database."""
        return self._thread.ask(question, *args, **kwargs)

    def open(self) -> Database:
        """Open the database, which must be used within `ask` alone.

        Raises:
            CannotStore: it is not one that can be used.
            sqlite3.Error, OSError: it cannot be used now.
        """
        self._database = self.ask(Database, self._path, sync=self._durability == FSYNC)
        self._inode = self._database.inode
        return self._database

    def start(self, position: int) -> None:
        """Begin to write behind the entry `position`: all up to there is applied."""
        self.position = self.written = position
        self._first_position = position + POSITION_GAP + 1 if position else 1
        self.failure = None
        self._writer.start()

    def report_failure(self, database: Database, error: Exception) -> None:
        """Have `database`, in which something failed, opened again, if that has not been done."""
        if self.failure is None and database is self._database:
            self.failure = reason_of(error)
            self._reported = error
            self._wake.set()

    def check_file(self) -> None:
        """See that the database is still where it was."""
        database = self._database
        if database is None:
            return
        try:
            if not self.ask(database.is_in_place):
                self.report_failure(database, moved(self._path))
        except OSError as error:
            self.report_failure(database, error)

    def flush(self, seconds: float = 5.0) -> None:
        """Write what waits, if that can be done in time."""
        if not self._idle.wait(seconds if self.failure is None else 0) and self._backlog:
            logger.error("entries of the journal were not written", extra={"entries": len(self._backlog)})

    def stop(self) -> None:
        """Write no more, and close the database."""
        self._writer.stop()
        if self._database is not None:
            self.ask(self._database.close)
            self._database = None
        self._thread.end()

    def _run(self) -> None:
        while True:
            while self._unapplied or self._backlog or self._reported is not None or self.failure is not None:
                self._step()
            self._idle.set()
            self._wake.wait()
            if self._durability == RELAXED:
                gevent.sleep(RELAXED_SECONDS)
            self._wake.clear()

    def _step(self) -> None:
        """Do the next thing there is to do."""
        if self.failure is not None:
            gevent.sleep(RETRY_SECONDS)
            self._reopen()
        elif self._reported is not None:
            self._suspend(self._reported)
        elif self._unapplied:  # what was left by an error of this program
            self._apply()
        else:
            self._gather()
            self._write_batch()

    def _gather(self) -> None:
        """Let all who are ready go along: one write for all costs little more than one for each."""
        started, seen = time.perf_counter(), 0
        while len(self._backlog) > seen and time.perf_counter() - started < YIELD_SECONDS:
            seen = len(self._backlog)
            let_others_work()

    def _write_batch(self) -> None:
        batch = self._backlog.batch()
        entries = [
            StoredEntry(position, entry.kind.name, entry.received, entry.id_prefix, len(entry.records), body)
            for position, (entry, body, _) in enumerate(batch, max(self.written + 1, self._first_position))
        ]
        try:
            database = self.database
            brief = 0 if self._durability == FSYNC else BRIEF_SECONDS
            self._thread.ask_briefly(brief, database.append, entries)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait get an answer
            self._suspend(error)
            return
        self.written = entries[-1].position
        self._backlog.remove(batch)
        self._unapplied += batch
        self._apply()
        if database.needs_wal_checkpoint:
            try:
                self.ask(database.checkpoint_wal)
            except Exception as error:  # noqa: BLE001
                self._suspend(error)

    def _apply(self) -> None:
        """Count what is written, with turns for others."""
        while self._unapplied:
            completed: list[Completion] = []
            started = time.perf_counter()
            with self._lock:
                while self._unapplied and time.perf_counter() - started < YIELD_SECONDS:
                    entry, _, waiter = self._unapplied.popleft()
                    if waiter is not None:
                        completed.append(self._apply_entry(entry, waiter))
            notify(completed)
            if self._unapplied:
                let_others_work()

    def _apply_entry(self, entry: Entry, waiter: Waiter) -> Completion:
        """Apply one entry; returns what to say to who waits for it."""
        self._count(entry)
        try:
            return Completion(waiter, entry.apply())
        except Exception as error:
            logger.exception("an entry of the journal could not be applied", extra={"entry": self.position})
            return Completion(waiter, error=error)

    def _count(self, entry: Entry) -> None:
        self.position = max(self.position + 1, self._first_position)
        self.entries += 1
        self.applied += len(entry.records)

    def _suspend(self, error: Exception) -> None:
        """Refuse all that waits, and all that comes until the database was opened again and is as it has to be."""
        self.failure, self._reported = reason_of(error), None
        logger.error("the journal cannot be written", extra={"reason": str(error)}, exc_info=traceback_of(error))
        if self._durability == RELAXED:
            return
        refused = [pending.waiter for pending in self._backlog.clear() if pending.waiter is not None]
        notify([Completion(waiter, error=unavailable(self.failure)) for waiter in refused])

    def _reopen(self) -> None:
        try:
            if self._database is not None:
                if not self.ask(self._database.is_in_place):  # while it is open, no other file can get its inode
                    raise moved(self._path)
                database, self._database = self._database, None
                self.ask(database.close)
            self._database = self.ask(reopened, self._path, self._inode, self.written, sync=self._durability == FSYNC)
        except Exception as error:
            self.failure = reason_of(error)
            logger.debug("the journal still cannot be written", exc_info=traceback_of(error))
        else:
            self.failure = self._reported = None
            logger.warning("the journal can be written again", extra={"entry": self.written})

    @property
    def database(self) -> Database:
        """The open database; it must be used within `ask` alone."""
        if self._database is None:
            raise CannotStore(f"{self._path} is not open")
        return self._database
