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
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import MIB, Kind
from analytics.log.disk.backlog import Backlog
from analytics.log.disk.cursors import Cursor
from analytics.log.disk.database import SKIPPED, Database, Row, gone, opened_again
from analytics.log.disk.packing import packed
from analytics.log.disk.pending import Ended, Pending, tell
from analytics.log.disk.thread import Thread
from analytics.log.disk.trouble import traceback_of, trouble, unavailable
from analytics.log.log import Entry, applied
from analytics.yielding import yield_to_others

RETRY_SECONDS = 1.0
"""How long a failed disk is left alone."""
RELAXED_SECONDS = 1.0
"""How long what was acknowledged already may wait for others to be written with."""
TURN_SECONDS = 0.005
"""How long entries are gathered, or applied, before others have a turn."""
BRIEF_SECONDS = 0.0002
"""How long the event loop waits for a write that goes to the operating system alone; most take half of that."""
FSYNC, RELAXED = "fsync", "relaxed"

log = logging.getLogger(__name__)
P = ParamSpec("P")
A = TypeVar("A")
_encode_into = msgspec.json.Encoder().encode_into


class DiskLog:
    """The journal in a database, once that is open.

    Args:
        lock: the state's.
        durability: `fsync` acknowledges what the disk has, `process` what the operating system has, `relaxed` at once.
        jobs: makes the writer.
        max_bytes: how much of what checkpoints hold already is kept for consumers that have not read it.
    """

    def __init__(
        self, lock: threading.Lock, path: Path, durability: str, jobs: Supervisor, max_bytes: int = 1024 * MIB
    ) -> None:
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
        self._writer = jobs.loop("journal writer", self._run, most_pause=RETRY_SECONDS)  # requests wait for it
        self.position = self.written = 0
        """The number of the last entry that was applied, and of the last one that was written."""
        self.entries = self.applied = 0
        """How many entries, and records in them, were applied since the start."""
        self._first = 1
        self._doubts: Exception | None = None
        self.trouble: str | None = "the records of before are being read"
        """Why nothing can be written now, if that is so."""

    def check(self, kind: Kind[Any]) -> None:
        """Check that entries of this kind can be appended now.

        Raises:
            Unavailable: the disk fails, or too much of this kind waits for it.
        """
        if self.trouble is not None:
            raise unavailable(self.trouble)
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
        if pending.done is not None:
            return pending.done.get  # type: ignore[no-any-return]
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
        self._first = position + SKIPPED + 1 if position else 1
        self.trouble = None
        self._writer.start()

    def doubt(self, database: Database, error: Exception) -> None:
        """Have `database`, in which something failed, opened again, if that has not been done."""
        if self.trouble is None and database is self._database:
            self.trouble = trouble(error)
            self._doubts = error
            self._wake.set()

    def look(self) -> None:
        """See that the database is still where it was."""
        database = self._database
        if database is None:
            return
        try:
            if not self.ask(database.is_there):
                self.doubt(database, gone(self._path))
        except OSError as error:
            self.doubt(database, error)

    def settle(self, seconds: float = 5.0) -> None:
        """Write what waits, if that can be done in time."""
        if not self._idle.wait(seconds if self.trouble is None else 0) and self._backlog:
            log.error("entries of the journal were not written", extra={"entries": len(self._backlog)})

    def stop(self) -> None:
        """Write no more, and close the database."""
        self._writer.stop()
        if self._database is not None:
            self.ask(self._database.close)
            self._database = None
        self._thread.end()

    def _run(self) -> None:
        while True:
            while self._unapplied or self._backlog or self._doubts is not None or self.trouble is not None:
                self._work()
            self._idle.set()
            self._wake.wait()
            if self._durability == RELAXED:
                gevent.sleep(RELAXED_SECONDS)
            self._wake.clear()

    def _work(self) -> None:
        """Do the next thing there is to do."""
        if self.trouble is not None:
            gevent.sleep(RETRY_SECONDS)
            self._recover()
        elif self._doubts is not None:
            self._fail(self._doubts)
        elif self._unapplied:  # what was left by an error of this program
            self._apply()
        else:
            self._gather()
            self._write_batch()

    def _gather(self) -> None:
        """Let all who are ready go along: one write for all costs little more than one for each."""
        begun, met = time.perf_counter(), 0
        while len(self._backlog) > met and time.perf_counter() - begun < TURN_SECONDS:
            met = len(self._backlog)
            yield_to_others()

    def _write_batch(self) -> None:
        batch = self._backlog.batch()
        rows = [
            Row(seq, entry.kind.name, entry.received, entry.id_prefix, len(entry.records), body)
            for seq, (entry, body, _) in enumerate(batch, max(self.written + 1, self._first))
        ]
        try:
            database = self.database
            brief = 0 if self._durability == FSYNC else BRIEF_SECONDS
            self._thread.ask_briefly(brief, database.append, rows)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait get an answer
            self._fail(error)
            return
        self.written = rows[-1].seq
        self._backlog.remove(batch)
        self._unapplied += batch
        self._apply()
        if database.is_untidy:
            try:
                self.ask(database.tidy)
            except Exception as error:  # noqa: BLE001
                self._fail(error)

    def _apply(self) -> None:
        """Count what is written, with turns for others."""
        while self._unapplied:
            ended: list[Ended] = []
            turn = time.perf_counter()
            with self._lock:
                while self._unapplied and time.perf_counter() - turn < TURN_SECONDS:
                    entry, _, done = self._unapplied.popleft()
                    if done is not None:
                        ended.append(self._applied(entry, done))
            tell(ended)
            if self._unapplied:
                yield_to_others()

    def _applied(self, entry: Entry, done: Waiter) -> Ended:
        """Apply one entry; returns what to say to who waits for it."""
        self._count(entry)
        try:
            return Ended(done, entry.apply())
        except Exception as error:
            log.exception("an entry of the journal could not be applied", extra={"entry": self.position})
            return Ended(done, error=error)

    def _count(self, entry: Entry) -> None:
        self.position = max(self.position + 1, self._first)
        self.entries += 1
        self.applied += len(entry.records)

    def _fail(self, error: Exception) -> None:
        """Refuse all that waits, and all that comes until the database was opened again and is as it has to be."""
        self.trouble, self._doubts = trouble(error), None
        log.error("the journal cannot be written", extra={"reason": str(error)}, exc_info=traceback_of(error))
        if self._durability == RELAXED:
            return
        refused = [pending.done for pending in self._backlog.clear() if pending.done is not None]
        tell([Ended(done, error=unavailable(self.trouble)) for done in refused])

    def _recover(self) -> None:
        try:
            if self._database is not None:
                if not self.ask(self._database.is_there):  # while it is open, no other file can get its inode
                    raise gone(self._path)
                database, self._database = self._database, None
                self.ask(database.close)
            self._database = self.ask(
                opened_again, self._path, self._inode, self.written, sync=self._durability == FSYNC
            )
        except Exception as error:
            self.trouble = trouble(error)
            log.debug("the journal still cannot be written", exc_info=traceback_of(error))
        else:
            self.trouble = self._doubts = None
            log.warning("the journal can be written again", extra={"entry": self.written})

    @property
    def database(self) -> Database:
        """The open database; it must be used within `ask` alone."""
        if self._database is None:
            raise CannotStore(f"{self._path} is not open")
        return self._database
