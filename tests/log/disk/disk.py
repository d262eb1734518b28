"""A service without HTTP that keeps its state on a disk: the rig of the state, with a journal and checkpoints."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Self

import gevent
from gevent.event import AsyncResult

from analytics.config import Settings
from analytics.jobs.supervisor import Supervisor
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.log import DiskLog
from analytics.log.disk.store import Store
from analytics.log.recorder import Recorder
from analytics.query.reader import Reader
from analytics.records import Quotas
from analytics.state.state import State
from tests.fakes import FakeClock
from tests.state.rig import NOON, Rig

PATIENCE = 30
"""Timeout in seconds that is long enough for a busy machine."""


class Disk(Rig):
    """A service with the data directory `path`, from which it recovers. Checkpoints are written by `save` only.

    Args:
        starts: whether its start is recorded, so that silence counts from then.
    """

    def __init__(
        self, path: Path, wall: float = NOON, durability: str = "process", *, starts: bool = False, **limits: Any
    ) -> None:
        settings = Settings(data_dir=str(path), durability=durability, **limits)
        self.path, self.limits = path, {"durability": durability, **limits}
        self.clock = FakeClock(wall)
        self.state = State(settings, wall)
        self.published = []
        jobs = Supervisor(self.clock)
        self.log = DiskLog(self.state.lock, path / FILE_NAME, durability, jobs)
        self.recorder = Recorder(self.state, settings, self.clock, self._bus(), self.log)
        if not starts:
            quotas = self.recorder.quotas
            self.recorder.start = lambda: self._begin(quotas)  # type: ignore[method-assign]
        self.reader = Reader(self.state, self.clock)
        self.store = Store(settings, self.clock, self.state, self.log, self.recorder, jobs, self.opened)
        begun: AsyncResult = AsyncResult()
        self.store.start(lambda: begun.set(""), begun.set)
        problem = begun.get(timeout=PATIENCE)
        assert problem == "", problem
        self.checkpointer = self.store._checkpointer
        self.checkpointer.stop()
        self.lives = 0
        self.is_held = False

    def opened(self, position: int) -> None:
        """Called when the log is open."""

    def _begin(self, quotas: Quotas) -> None:
        self.state.set_time(self.clock.wall())
        if not self.state.events.last_sequence:
            self.state.number_events(self.clock.wall())
        self.recorder.set_quotas(quotas)
        self.state.expire()

    def ask(self, question: Callable[..., Any], *args: Any) -> Any:
        self.recorder.tick()
        self.log._idle.wait(0 if self.is_held else 1)  # until the tick is applied
        return super().ask(question, *args)

    def save(self) -> bool:
        """Write a checkpoint."""
        return self.checkpointer.save()

    def crashed(self, stack: ExitStack, **limits: Any) -> "Disk":
        """A service that starts with a copy of the directory, as if this process had died now. This one continues."""
        self.lives += 1
        path = self.path.with_name(f"{self.path.name}.{self.lives}")
        shutil.copytree(self.path, path, ignore=shutil.ignore_patterns("lock", "*-shm"))
        copy = Disk(path, self.clock.wall() + 0.001, **{**self.limits, **limits})
        stack.enter_context(copy)
        copy.clock.set(self.clock.wall())
        copy.state.started = self.state.started
        return copy

    @contextmanager
    def held(self) -> Iterator[None]:
        """Context in which nothing is written: the disk is slow."""
        gate = Event()  # a native event, which blocks the thread
        holding = gevent.spawn(self.log.ask, gate.wait)
        gevent.sleep(0)
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False
            gate.set()
            holding.get(timeout=PATIENCE)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of an SQL query."""
        return self.log.ask(lambda: self.log.database._db.execute(query).fetchall())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.stop()
