"""The keeper: it writes the tail to files, merges and deletes files, and looks after them, one step at a time."""

import logging
import time
from collections.abc import Mapping
from typing import NamedTuple

from analytics.clock import DAY_SECONDS
from analytics.store.files.checking import damaged
from analytics.store.files.layout import EVENTS_FOLDER
from analytics.store.files.merging import expired, oldest_day_of
from analytics.store.files.space import DiskRoom, byte_limit, room
from analytics.store.history.importer import HistoryImporter
from analytics.store.numbers.keeping import NumbersKeeper
from analytics.store.options import StoreOptions
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.engine import DuckEngine
from analytics.store.process.flusher import Flusher
from analytics.store.process.rewriter import Rewriter
from analytics.store.process.tail import Tail
from analytics.store.records.keeping import RecordsKeeper
from analytics.store.records.layout import LINES, TRACES

ROOM_SECONDS = 10.0
"""How often the room on the disk and the age of files are looked at."""
ERASE_SECONDS = 60.0
"""After how long an erasure is written at the latest, so that files are rewritten soon."""
CHECK_SECONDS = 1.0
"""How often the content of one file is checked."""
TRIM_SECONDS = 20.0
"""How often memory that questions have used is returned to the system."""
WARN_SECONDS = 3_600.0
CANNOT_WRITE = "records cannot be written to files"
CANNOT_DELETE = "files that are too old cannot be deleted"
CANNOT_ERASE = "erased records cannot be removed from files"
CANNOT_MERGE = "small files cannot be merged, which makes queries slow"
CANNOT_CHECK = "files cannot be checked"

logger = logging.getLogger(__name__)


class Space(NamedTuple):
    """The room for files, and whether they may be written now."""

    room: DiskRoom
    max_bytes: int
    may_write: bool = True


class Keeper:
    """Looks after the files. One thread calls `step`.

    Attributes:
        failure: what it means if the step that is being taken fails.
    """

    failure = CANNOT_WRITE

    def __init__(
        self,
        options: StoreOptions,
        catalog: FileCatalog,
        tail: Tail,
        flusher: Flusher,
        rewriter: Rewriter,
        numbers: NumbersKeeper,
        records: RecordsKeeper,
        history: HistoryImporter,
        engine: DuckEngine,
    ) -> None:
        self._options, self._catalog, self._tail = options, catalog, tail
        self.flusher, self._rewriter, self._numbers = flusher, rewriter, numbers
        self._records, self._history, self._engine = records, history, engine
        self._days = {EVENTS_FOLDER: options.days, LINES.kind: options.logs_days, TRACES.kind: options.spans_days}
        self._folder = catalog.folder
        self.space = self._look()
        self._looked_at = self._checked_at = self._trimmed_at = time.monotonic()
        self._warned_at = -WARN_SECONDS
        self._unchecked: list[str] = []

    @property
    def days(self) -> Mapping[str, int]:
        """How many days are kept, by kind."""
        return {**self._days, **self._numbers.days}

    @property
    def is_due(self) -> bool:
        """Whether the tail should be written now."""
        tail, age = self._tail, self.flusher.age
        most = min(self._options.seconds, ERASE_SECONDS) if self.flusher.erasures else self._options.seconds
        return bool(tail.frozen) or tail.open.size >= self._options.records or age >= most

    def step(self) -> bool:
        """Do the most urgent work; returns whether there may be more of it.

        Raises:
            duckdb.Error, OSError, sqlite3.Error: it failed, and is tried again.
        """
        now, self.failure = time.monotonic(), CANNOT_DELETE
        if now - self._looked_at >= ROOM_SECONDS:
            self._looked_at = now
            self._make_room()
        self.failure = CANNOT_WRITE
        if self.is_due and self.space.may_write:
            self.flusher.flush()
            return True
        if self._history.is_due:
            self._history.write()
            return True
        if self._numbers.is_due and self.space.may_write:
            self._numbers.flush()
            return True
        if self.space.may_write and (self._erase() or self._merge()):
            return True
        self.failure = CANNOT_CHECK
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            self._check_next()
        if now - self._trimmed_at >= TRIM_SECONDS:
            self._trimmed_at = now
            self._trim()
        return False

    def _erase(self) -> bool:
        self.failure = CANNOT_ERASE
        return self._rewriter.erase()

    def _merge(self) -> bool:
        """Merge some files; returns whether there were any to merge."""
        self.failure = CANNOT_MERGE
        if not self._history.is_busy:
            if self._rewriter.merge(int(time.time() // DAY_SECONDS)):
                return True
            self._history.merged()
        return self._records.merge(int(time.time() // DAY_SECONDS)) or self._numbers.merge(time.time())

    def _look(self) -> Space:
        found = room(self._folder)
        may_write = not found.is_low or self._options.low_disk != "stop"
        return Space(found, byte_limit(self._options.max_bytes, found), may_write)

    def _make_room(self) -> None:
        """Delete the files that are too old or too many, and the oldest ones while the disk is almost full."""
        self._numbers.expire(time.time())
        self.space = self._look()
        today = int(time.time() // DAY_SECONDS)
        oldest = {kind: today - days + 1 for kind, days in self._days.items()}
        files = [*self._catalog.of_events(), *self._catalog.of_records()]
        gone = expired(files, oldest, self.space.max_bytes)
        if not gone and self.space.room.is_low and self._options.low_disk == "delete":
            gone = oldest_day_of(files)
        if gone:
            self._rewriter.delete(gone)
            logger.info("files of the oldest days were deleted", extra={"files": len(gone)})
        if self.space.room.is_near and time.monotonic() - self._warned_at >= WARN_SECONDS:
            self._warned_at = time.monotonic()
            logger.warning(
                "the disk will soon be full: make room, or keep fewer days",
                extra={
                    "free_bytes": self.space.room.free,
                    "low_bytes": self.space.room.low,
                    "low_disk": self._options.low_disk,
                },
            )

    def _check_next(self) -> None:
        """Check the content of the next file."""
        if not self._unchecked:
            self._unchecked = [file.name for file in self._catalog.files]
        if self._unchecked:
            name = self._unchecked.pop()
            with self._catalog.view() as view:
                self._catalog.leave_out(damaged(self._folder, [file for file in view.all_files if file.name == name]))

    def _trim(self) -> None:
        """Return freed memory to the system, and what is not in use when there was no question for a while."""
        if self._engine.is_used:
            self._engine.trim()
        elif not self._engine.is_resting:
            self._engine.rest()
