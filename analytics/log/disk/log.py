"""The log on disk: it writes waiting entries to the journal in batches, then applies them in the same order."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gevent
import msgspec
from gevent.event import Event
from gevent.lock import Semaphore

from analytics.clock import first_number
from analytics.errors import CannotStore
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import MIB, Kind
from analytics.log.disk.backlog import Backlog
from analytics.log.disk.cursors import Cursor
from analytics.log.disk.database import Database
from analytics.log.disk.dropped import Dropped
from analytics.log.disk.failures import reason_of, traceback_of, unavailable
from analytics.log.disk.packing import packed
from analytics.log.disk.pending import PendingEntry, Reply, notify, refuse
from analytics.log.disk.reopening import moved, reopened
from analytics.log.disk.stored import StoredEntry
from analytics.log.disk.thread import Thread
from analytics.log.log import Entry
from analytics.own_metrics.histogram import Histogram
from analytics.yielding import yield_to_others

RETRY_SECONDS = 1.0  # before the database is reopened after a failure
RELAXED_SECONDS = 1.0  # between two writes with durability `relaxed`
YIELD_SECONDS = 0.005  # how long entries are gathered or applied before other greenlets run
BRIEF_SECONDS = 0.0002  # how long the event loop waits for a write without a sync; most take half of that
LARGE_BYTES = 8 * 1024  # without a sync, such an entry is written before other requests are read: the CPU has it
FSYNC, RELAXED = "fsync", "relaxed"

logger = logging.getLogger(__name__)
P = ParamSpec("P")
A = TypeVar("A")
_encode_into = msgspec.json.Encoder().encode_into


class DiskLog:
    """A log whose entries are written to the journal in a database. Call `open` and `start` before `append`.

    Args:
        lock: the state's lock.
        durability: when an entry is acknowledged: after it is on the disk (`fsync`), after the operating system has it
            (`process`), or at once (`relaxed`).
        jobs: runs the writer.
        max_bytes: how many bytes of entries before the checkpoint are kept for consumers that have not read them.
    """

    def __init__(
        self, lock: threading.Lock, path: Path, durability: str, jobs: Supervisor, max_bytes: int = 1024 * MIB
    ) -> None:
        self.max_bytes = max_bytes
        self.consumers: dict[str, Cursor] = {}
        """All cursors by name, also of consumers that do not run now."""
        self.backlog = Backlog(is_one_queue=durability == RELAXED)
        self.commits, self.dropped = Histogram(), Dropped()  # of writes to the journal
        self._lock, self._path, self._durability = lock, path, durability
        self._database: Database | None = None
        self._buffer, self._thread = bytearray(), Thread()
        self._wake, self._idle = Event(), Event()
        self._idle.set()
        self._unapplied: deque[PendingEntry] = deque()
        self._turn = Semaphore()  # held by the greenlet that writes
        self._writer = jobs.loop("journal writer", self._run, most_pause=RETRY_SECONDS)  # requests wait for it
        self.position = self.written = 0
        """The positions of the last entry that was applied, and of the last one that was written."""
        self.entries = self.applied = 0
        """How many entries, and records in them, were applied since the start."""
        self._inode = 0
        self._reported: Exception | None = None
        self.first_position = 1  # of entries after this start
        self.failure: str | None = "the journal is being replayed"
        """Why nothing can be written now; None if it can."""

    def check(self, kind: Kind[Any]) -> None:
        """Check that an entry of this kind can be appended now.

        Raises:
            Unavailable: the disk fails, or too many bytes of this kind are waiting for it.
        """
        if self.failure is not None:
            raise unavailable(self.failure)
        if not self.backlog.has_room(kind):
            raise unavailable(f"the disk does not keep up, and too many {kind.name} are waiting for it")

    def append(self, entry: Entry) -> Callable[[], Any]:
        """Append an entry; the caller holds the state's lock.

        Returns a function that waits until the entry is applied, and returns the outcome. With durability `relaxed`
        the entry is applied at once and written later.

        Raises (the returned function):
            Unavailable: the entry could not be written and was not applied.
        """
        _encode_into(entry.records, self._buffer)
        pending = PendingEntry(entry, packed(self._buffer), None if self._durability == RELAXED else Reply())
        self.backlog.add(pending)
        if len(self.backlog) == 1:
            self._idle.clear()
            self._wake.set()
        if pending.reply is not None:
            return partial(self._outcome, pending, pending.reply)
        outcome = self._applied(entry)
        return lambda: outcome

    def ask(self, question: Callable[P, A], *args: P.args, **kwargs: P.kwargs) -> A:
        """Call `question` in the thread that owns the database, and return its result."""
        return self._thread.ask(question, *args, **kwargs)

    def open(self) -> Database:
        """Open the database. Use it only in functions that are passed to `ask`.

        Raises:
            CannotStore: the file is damaged, foreign, or of a newer version.
            sqlite3.Error, OSError: the file cannot be used now.
        """
        self._database = self.ask(Database, self._path, sync=self._durability == FSYNC)
        self._inode = self._database.inode
        cursors = self._database.cursors
        self.consumers = {cursor.name: cursor for cursor in self.ask(lambda: list(cursors.all()))}
        return self._database

    def start(self, position: int, now: float) -> None:
        """Start writing at `now` (seconds since the epoch); all entries up to `position` must be applied."""
        self.position = self.written = position
        self.first_position = first_number(position, now)
        self.failure = None
        self._writer.start()

    def report_failure(self, database: Database, error: Exception) -> None:
        """Note that an operation on `database` failed, so that it is reopened, unless that has been done already."""
        if self.failure is None and database is self._database:
            self.failure = reason_of(error)
            self._reported = error
            self._wake.set()

    def check_file(self) -> None:
        """Check that the database file is still in place; otherwise report a failure."""
        database = self._database
        if database is None:
            return
        try:
            if not self.ask(database.is_in_place):
                self.report_failure(database, moved(self._path))
        except OSError as error:
            self.report_failure(database, error)

    def flush(self, seconds: float = 5.0) -> None:
        """Wait until all entries are written and applied, for at most so many seconds."""
        if not self._idle.wait(seconds if self.failure is None else 0) and self.backlog:
            logger.error("some entries could not be written to the journal", extra={"entries": len(self.backlog)})

    def stop(self) -> None:
        """Stop writing, and close the database."""
        self._writer.stop()
        if self._database is not None:
            self.ask(self._database.close)
            self._database = None
        self._thread.end()

    def _outcome(self, pending: PendingEntry, reply: Reply) -> Any:
        """Wait for the outcome of an entry. The waiting greenlet writes a large one itself, unless another writes."""
        is_large = self._durability != FSYNC and len(pending.body) >= LARGE_BYTES
        if is_large and not self._unapplied and self._reported is None and self._turn.acquire(blocking=False):
            try:
                if self.backlog and self.failure is None:
                    self._write_batch()
            finally:
                self._turn.release()
        return reply.get()

    def _run(self) -> None:
        while True:
            while self._unapplied or self.backlog or self._reported is not None or self.failure is not None:
                with self._turn:
                    self._step()
            self._idle.set()
            self._wake.wait()
            if self._durability == RELAXED:
                gevent.sleep(RELAXED_SECONDS)
            self._wake.clear()

    def _step(self) -> None:
        """Do the most urgent work: reopen the database, apply entries, or write some."""
        if self.failure is not None:
            gevent.sleep(RETRY_SECONDS)
            self._reopen()
        elif self._reported is not None:
            self._suspend(self._reported)
        elif self._unapplied:  # an unexpected error interrupted applying them
            self._apply()
        elif self.backlog:
            self._gather()
            self._write_batch()

    def _gather(self) -> None:
        """Let other greenlets append first: one write of many entries costs little more than one of a single entry."""
        started, seen = time.perf_counter(), 0
        while len(self.backlog) > seen and time.perf_counter() - started < YIELD_SECONDS:
            seen = len(self.backlog)
            yield_to_others()

    def _write_batch(self) -> None:
        batch = self.backlog.batch()
        entries = [
            StoredEntry(position, entry.kind.name, entry.received, entry.id_prefix, len(entry.records), body)
            for position, (entry, body, _) in enumerate(batch, max(self.written + 1, self.first_position))
        ]
        try:
            database = self.database
            brief = 0 if self._durability == FSYNC else BRIEF_SECONDS
            started = time.perf_counter()
            self._thread.ask_briefly(brief, database.append, entries)
            self.commits.observe(time.perf_counter() - started)
        except Exception as error:  # noqa: BLE001  # the waiting requests need an answer
            self._suspend(error)
            return
        self.written = entries[-1].position
        self.backlog.remove(batch)
        self._unapplied += batch
        self._apply()
        if database.needs_wal_checkpoint:
            try:
                self.ask(database.checkpoint_wal)
            except Exception as error:  # noqa: BLE001
                self._suspend(error)

    def _apply(self) -> None:
        """Apply the written entries, and let other greenlets run in between."""
        while self._unapplied:
            replies: list[Reply] = []
            started = time.perf_counter()
            with self._lock:
                while self._unapplied and time.perf_counter() - started < YIELD_SECONDS:
                    entry, _, reply = self._unapplied.popleft()
                    if reply is not None:
                        self._apply_entry(entry, reply)
                        replies.append(reply)
            notify(replies)
            if self._unapplied:
                yield_to_others()

    def _apply_entry(self, entry: Entry, reply: Reply) -> None:
        try:
            reply.set(self._applied(entry))
        except Exception as error:
            logger.exception("an entry could not be applied", extra={"entry": self.position})
            reply.fail(error)

    def _applied(self, entry: Entry) -> Any:
        """Apply the next entry; returns the outcome."""
        self.position = max(self.position + 1, self.first_position)
        self.entries += 1
        self.applied += len(entry.records)
        outcome = entry.apply()
        self.dropped.note(self.position, outcome)
        return outcome

    def _suspend(self, error: Exception) -> None:
        """Refuse requests until the database was reopened. With `relaxed`, waiting entries stay in the backlog."""
        self.failure, self._reported = reason_of(error), None
        logger.error("the journal cannot be written", extra={"reason": str(error)}, exc_info=traceback_of(error))
        if self._durability != RELAXED:
            refuse(filter(None, [pending.reply for pending in self.backlog.clear()]), unavailable(self.failure))

    def _reopen(self) -> None:
        try:
            if self._database is not None:
                if not self.ask(self._database.is_in_place):  # while it is open, no other file can reuse its inode
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
        """The open database. Use it only in functions that are passed to `ask`.

        Raises:
            CannotStore: the database is not open.
        """
        if self._database is None:
            raise CannotStore(f"{self._path} is not open")
        return self._database
