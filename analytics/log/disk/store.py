"""The store of a data directory: it locks the directory, recovers the state, keeps it on disk, and stops in order."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import gevent

from analytics.clock import Clock, rfc3339
from analytics.config import Settings
from analytics.errors import CannotStore, Unavailable
from analytics.jobs.supervisor import Supervisor
from analytics.jobs.task import Task
from analytics.log.disk.check import cannot_use
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.checkpointer import Checkpointer
from analytics.log.disk.copies import copies
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.lock import DirectoryLock, LockHeld
from analytics.log.disk.log import DiskLog
from analytics.log.disk.own_metrics import disk_families
from analytics.log.disk.reading import sizes
from analytics.log.disk.recovery import recover
from analytics.log.recorder import Recorder
from analytics.own_metrics.family import Family, Histograms
from analytics.state.resolution import Resolution
from analytics.state.state import State

LOCK_WAIT_SECONDS = 40.0
"""How long a worker waits for the previous one, which may still be finishing its requests."""
BACK_SECONDS = 60
"""How far the clock may be behind the newest record without a warning."""

logger = logging.getLogger(__name__)


class Store:
    """Keeps `state` on disk: owns the log, the checkpointer and the lock of the directory.

    Args:
        opened: called with the position of the newest entry when the log is open, before anything is appended to it.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        state: State,
        log: DiskLog,
        recorder: Recorder,
        jobs: Supervisor,
        opened: Callable[[int], None],
    ) -> None:
        self.directory = Path(settings.data_dir)
        self._state, self._log, self._recorder, self._clock = state, log, recorder, clock
        self._checkpoint = Checkpoint(state, recorder)
        self._jobs = jobs
        self._checkpointer = Checkpointer(state, self._checkpoint, log, clock, jobs)
        self._lock: DirectoryLock | None = None
        self._opened = opened
        self._starting: Task | None = None
        self.recovering = True

    def start(self, ready: Callable[[], None], failed: Callable[[str], None]) -> None:
        """Recover in the background, then call `ready`; or `failed` with the reason, if that is impossible."""
        bug = f"ANALYTICS_DATA_DIR={self.directory} could not be read because of a bug: see the error above."
        self._starting = self._jobs.task("recovery", partial(self._start, ready, failed), failed=partial(failed, bug))
        self._starting.start()

    def stop(self) -> None:
        """Write waiting entries and a checkpoint, so that the next start is fast, then release the directory."""
        if self._starting is not None:
            self._starting.stop()
        self._checkpointer.stop()
        self._recorder.tick()
        self._log.flush()
        if self._checkpointer.is_needed and self._log.failure is None:
            self._checkpointer.save()
        self._log.stop()
        if self._lock is not None:
            self._lock.release()

    @property
    def failure(self) -> str | None:
        """Why nothing can be recorded now; None if it can."""
        return None if self.recovering else self._log.failure

    @property
    def consumers(self) -> dict[str, dict[str, int]]:
        """By name of consumer: the position up to which it has read, and how many entries it missed."""
        return {
            name: {"position": cursor.position, "missed": cursor.missed} for name, cursor in self._log.consumers.items()
        }

    @property
    def copies(self) -> list[str]:
        """The names of older copies of the database in the directory, which an erasure does not change."""
        return copies(self.directory)

    @property
    def size(self) -> int:
        """The size of the database's files in bytes."""
        return sum(sizes(self.directory / FILE_NAME).values())

    def families(self) -> Iterator[Family | Histograms]:
        """Own metrics of the log on disk."""
        return disk_families(self._log, self._checkpointer, self.directory)

    def _start(self, ready: Callable[[], None], failed: Callable[[str], None]) -> None:
        try:
            self._lock = _lock(self.directory)
            self._log.open()
            mark, beyond = recover(self._log, self._state, self._checkpoint, self._recorder)
            self._check_clock()
            last: int = self._log.ask(self._log.database.last_position)
            self._opened(last)
            self._log.start(last, self._clock.wall())
            self._record_start()
            self._checkpointer.start(mark, beyond)
            if not mark.generation and not self._checkpointer.save():
                raise CannotStore(
                    f"ANALYTICS_DATA_DIR={self.directory} cannot be written to: see the reason logged above."
                )
        except CannotStore as error:
            failed(error.message)
        except (sqlite3.Error, OSError) as error:
            failed(cannot_use(self.directory, error))
        else:
            self.recovering = False
            ready()

    def _record_start(self) -> None:
        try:
            self._recorder.start()
        except Unavailable as error:
            logger.warning("the start could not be recorded", extra={"reason": error.message})

    def _check_clock(self) -> None:
        """Warn if the clock was set back: until it catches up, records are counted in buckets of the past."""
        newest = self._state.series.open(Resolution.SECOND)
        if self._clock.wall() < newest - BACK_SECONDS:
            logger.warning(
                "the clock is behind the newest record: check whether it is right, or was ahead before",
                extra={"clock": rfc3339(self._clock.wall()), "recorded": rfc3339(newest)},
            )


def _lock(directory: Path) -> DirectoryLock:
    """Lock the directory. If the previous worker of the same master still holds the lock, wait until it has ended."""
    is_logged = False
    with gevent.Timeout(LOCK_WAIT_SECONDS, exception=False):
        while True:
            try:
                return DirectoryLock(directory)
            except LockHeld as error:
                if error.holder.parent != os.getppid():
                    raise
                if not is_logged:
                    logger.info("waiting for the previous worker to end", extra={"holder": error.holder.process})
                    is_logged = True
            gevent.sleep(0.1)
    return DirectoryLock(directory)
