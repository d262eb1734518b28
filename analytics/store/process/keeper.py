"""The keeper: it writes the tail to files, merges and deletes files, and looks after them, one step at a time."""

import ctypes
import logging
import time
from typing import NamedTuple

from analytics.clock import DAY_SECONDS
from analytics.store.files.checking import damaged
from analytics.store.files.merging import expired, oldest_day_of
from analytics.store.files.space import DiskRoom, byte_limit, room
from analytics.store.numbers.keeping import NumbersKeeper
from analytics.store.options import StoreOptions
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.flusher import Flusher
from analytics.store.process.rewriter import Rewriter
from analytics.store.process.tail import Tail

ROOM_SECONDS = 10.0
"""How often the room on the disk and the age of files are looked at."""
ERASE_SECONDS = 60.0
"""After how long an erasure is written at the latest, so that files are rewritten soon."""
CHECK_SECONDS = 1.0
"""How often the content of one file is checked."""
WARN_SECONDS = 3_600.0

logger = logging.getLogger(__name__)


class Space(NamedTuple):
    """What the files may take, and whether they may be written now."""

    room: DiskRoom
    max_bytes: int
    may_write: bool = True


class Keeper:
    """Looks after the files. One thread calls `step`."""

    def __init__(
        self,
        options: StoreOptions,
        catalog: FileCatalog,
        tail: Tail,
        flusher: Flusher,
        rewriter: Rewriter,
        numbers: NumbersKeeper,
    ) -> None:
        self._options, self._catalog, self._tail = options, catalog, tail
        self.flusher, self._rewriter, self._numbers = flusher, rewriter, numbers
        self._folder = catalog.folder
        self.space = self._look()
        self._looked_at = self._checked_at = self._trimmed_at = time.monotonic()
        self._warned_at = -WARN_SECONDS
        self._unchecked: list[str] = []
        self._library = ctypes.CDLL(None)

    @property
    def is_due(self) -> bool:
        """Whether the tail should be written now."""
        tail, age = self._tail, self.flusher.age
        most = min(self._options.seconds, ERASE_SECONDS) if self.flusher.erasures else self._options.seconds
        return bool(tail.frozen) or tail.open.rows >= self._options.records or age >= most

    def step(self) -> bool:
        """Do the most urgent work; returns whether there may be more of it.

        Raises:
            duckdb.Error, OSError, sqlite3.Error: it failed, and is tried again.
        """
        now = time.monotonic()
        if now - self._looked_at >= ROOM_SECONDS:
            self._looked_at = now
            self._make_room()
        if self.is_due and self.space.may_write:
            self.flusher.flush()
            self._trim()
            return True
        if self._numbers.is_due and self.space.may_write:
            self._numbers.flush()
            self._trim()
            return True
        if self.space.may_write and (
            self._rewriter.erase()
            or self._rewriter.merge(int(time.time() // DAY_SECONDS))
            or self._numbers.merge(time.time())
        ):
            self._trim()
            return True
        if now - self._checked_at >= CHECK_SECONDS:
            self._checked_at = now
            self._check_next()
        return False

    def _look(self) -> Space:
        found = room(self._folder)
        may_write = not found.is_low or self._options.low_disk != "stop"
        return Space(found, byte_limit(self._options.max_bytes, found), may_write)

    def _make_room(self) -> None:
        """Delete the files that are too old or too many, and the oldest ones while the disk is almost full."""
        self._numbers.expire(time.time())
        self.space = self._look()
        oldest = int(time.time() // DAY_SECONDS) - self._options.days + 1
        gone = expired(self._catalog.of_events(), oldest, self.space.max_bytes)
        if not gone and self.space.room.is_low and self._options.low_disk == "delete":
            gone = oldest_day_of(self._catalog.of_events())
        if gone:
            self._rewriter.delete(gone)
            logger.info("files of the oldest days were deleted", extra={"files": len(gone)})
        if self.space.room.is_near and time.monotonic() - self._warned_at >= WARN_SECONDS:
            self._warned_at = time.monotonic()
            logger.warning(
                "the disk is almost full: make room, or keep fewer days",
                extra={"free_bytes": self.space.room.free, "low_bytes": self.space.room.low},
            )

    def _check_next(self) -> None:
        """Check the content of the next file."""
        if not self._unchecked:
            self._unchecked = [file.name for file in self._catalog.files]
        if self._unchecked:
            name = self._unchecked.pop()
            with self._catalog.view() as view:
                self._catalog.leave_out(damaged(self._folder, [file for file in view.files if file.name == name]))

    def _trim(self) -> None:
        """Return freed memory to the system."""
        trim = getattr(self._library, "malloc_trim", None)
        if trim is not None:
            trim(0)
