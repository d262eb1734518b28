"""The store of a data directory: locked, opened, recovered from, written to, and let go again."""

import logging
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gevent

from analytics.clock import Clock, rfc3339
from analytics.config import Settings
from analytics.errors import CannotStore, Unavailable
from analytics.jobs.supervisor import Supervisor
from analytics.jobs.task import Task
from analytics.kinds import EVENTS, METRICS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.checkpointer import Checkpointer
from analytics.log.disk.file import FILE_NAME, check_sqlite, looked_at
from analytics.log.disk.lock import DirectoryLock, Held
from analytics.log.disk.log import DiskLog
from analytics.log.disk.reading import sizes
from analytics.log.disk.recovery import recover
from analytics.log.recorder import Recorder
from analytics.state.resolution import Resolution
from analytics.state.state import State

WAIT_SECONDS = 40.0
"""How long a worker waits for the one before it, which may finish its requests first."""
BACK_SECONDS = 60
"""How far a clock may be behind what was recorded before that is told."""

log = logging.getLogger(__name__)


class Store:
    """What keeps `state` on the disk."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        state: State,
        journal: DiskLog,
        recorder: Recorder,
        jobs: Supervisor,
    ) -> None:
        self._directory = Path(settings.data_dir)
        self._state, self._journal, self._recorder, self._clock = state, journal, recorder, clock
        self._keep = {EVENTS.name: settings.events_ring, METRICS.name: settings.metrics_ring}
        self._image = Checkpoint(state, recorder)
        self._jobs = jobs
        self._checkpoints = Checkpointer(state, self._image, journal, clock, jobs)
        self._lock: DirectoryLock | None = None
        self._starting: Task | None = None
        self.recovering = True

    def start(self, ready: Callable[[], None], failed: Callable[[str], None]) -> None:
        """Recover, then call `ready`; where that cannot be, `failed` gets the reason."""
        could_not = f"ANALYTICS_DATA_DIR={self._directory} could not be read: an error of this program, see above."
        self._starting = self._jobs.task(
            "recovery", partial(self._start, ready, failed), failed=partial(failed, could_not)
        )
        self._starting.start()

    def stop(self) -> None:
        """Write what waits, and an image, so that the next start is quick; then let go of the directory."""
        if self._starting is not None:
            self._starting.stop()
        self._checkpoints.stop()
        self._recorder.tick()
        self._journal.settle()
        if self._checkpoints.has_news and self._journal.trouble is None:
            self._checkpoints.save()
        self._journal.stop()
        if self._lock is not None:
            self._lock.release()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be recorded now, if that is so."""
        return None if self.recovering else self._journal.trouble

    @property
    def consumers(self) -> dict[str, dict[str, int]]:
        """How far each consumer has read, and how many entries it missed, by its name."""
        return {
            name: {"position": cursor.position, "missed": cursor.missed}
            for name, cursor in self._journal.consumers.items()
        }

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(sizes(self._directory / FILE_NAME).values())

    def _start(self, ready: Callable[[], None], failed: Callable[[str], None]) -> None:
        try:
            self._lock = _lock(self._directory)
            self._journal.open()
            mark, beyond = recover(self._journal, self._state, self._image, self._recorder, self._keep)
            self._look_at_clock()
            self._journal.start(self._journal.ask(self._journal.database.last_seq))
            self._record_start()
            self._checkpoints.start(mark, beyond)
            if not mark.generation and not self._checkpoints.save():
                raise CannotStore(f"ANALYTICS_DATA_DIR={self._directory} cannot be written to; the log says why.")
        except CannotStore as error:
            failed(error.message)
        except (sqlite3.Error, OSError) as error:
            failed(_cannot_use(self._directory, error))
        else:
            self.recovering = False
            ready()

    def _record_start(self) -> None:
        try:
            self._recorder.start()
        except Unavailable as error:
            log.warning("the start could not be recorded", extra={"reason": error.message})

    def _look_at_clock(self) -> None:
        """Say so where the clock was set back: until it is there again, what comes counts in buckets that are over."""
        newest = self._state.series.open(Resolution.SECOND)
        if self._clock.wall() < newest - BACK_SECONDS:
            log.warning(
                "the clock is behind what was recorded: see whether it is right, or was ahead before",
                extra={"clock": rfc3339(self._clock.wall()), "recorded": rfc3339(newest)},
            )


def check_store(settings: Settings) -> None:
    """See, before anything is started, whether the data directory can be used.

    Raises:
        CannotStore: one line that says why not, and what to do.
    """
    if not settings.data_dir:
        return
    check_sqlite()
    directory = Path(settings.data_dir)
    lock = DirectoryLock(directory)
    try:
        if (directory / FILE_NAME).exists():
            looked_at(directory / FILE_NAME)
    except (sqlite3.Error, OSError) as error:
        raise CannotStore(_cannot_use(directory, error)) from error
    finally:
        lock.release()


def _cannot_use(directory: Path, error: Exception) -> str:
    return (
        f"ANALYTICS_DATA_DIR={directory} cannot be used ({error}). See whether its disk is full, read-only or failing, "
        "or set another directory."
    )


def _lock(directory: Path) -> DirectoryLock:
    """The lock; where the worker before this one still finishes its requests, as soon as it is gone."""
    told = False
    with gevent.Timeout(WAIT_SECONDS, exception=False):
        while True:
            try:
                return DirectoryLock(directory)
            except Held as error:
                if error.holder.parent != os.getppid():
                    raise
                if not told:
                    log.info("waiting for the worker before", extra={"holder": error.holder.process})
                    told = True
            gevent.sleep(0.1)
    return DirectoryLock(directory)
