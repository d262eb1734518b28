"""The service without its edge, on a disk: what the rig of the state is, with the journal and the images beneath."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Self

import gevent
from gevent.event import AsyncResult

from analytics.config import Settings
from analytics.ingest.recorder import Recorder
from analytics.query.reader import Reader
from analytics.records import Quotas
from analytics.state.state import State
from analytics.storage.file import FILE_NAME
from analytics.storage.journal import DiskJournal
from analytics.storage.store import Store
from tests.fakes import FakeClock
from tests.state.rig import NOON, Rig

PATIENCE = 30
"""Seconds; no promise, but the patience of a test with a busy machine."""


class Disk(Rig):
    """A service on the directory `path`, which it recovers from; images are taken when a test says so.

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
        self.journal = DiskJournal(self.state.lock, path / FILE_NAME, durability)
        self.recorder = Recorder(self.state, settings, self.clock, self._publish, self.journal)
        if not starts:
            quotas = self.recorder.quotas
            self.recorder.start = lambda: self._begin(quotas)  # type: ignore[method-assign]
        self.reader = Reader(self.state, self.clock)
        self.store = Store(settings, self.clock, self.state, self.journal, self.recorder)
        begun: AsyncResult = AsyncResult()
        self.store.start(lambda: begun.set(""), begun.set)
        assert begun.get(timeout=PATIENCE) == ""
        self.checkpoints = self.store._checkpoints
        self.checkpoints.stop()
        self.lives = 0
        self.is_held = False

    def _begin(self, quotas: Quotas) -> None:
        self.state.proceed(self.clock.wall())
        self.state.number_events(self.clock.wall())
        self.recorder.set_quotas(quotas)

    def ask(self, question: Callable[..., Any], *args: Any) -> Any:
        self.recorder.tick()
        self.journal._idle.wait(0 if self.is_held else 1)  # until that is applied
        return super().ask(question, *args)

    def save(self) -> bool:
        """Take an image."""
        return self.checkpoints.save()

    def crashed(self, stack: ExitStack, **limits: Any) -> "Disk":
        """What a later start finds, had the process died now; this one lives on."""
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
        """Within this block nothing is written: the disk takes its time."""
        gate = Event()  # a native one: it holds the thread
        holding = gevent.spawn(self.journal.ask, gate.wait)
        gevent.sleep(0)
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False
            gate.set()
            holding.get(timeout=PATIENCE)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """What the database answers."""
        return self.journal.ask(lambda: self.journal.database._db.execute(query).fetchall())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.stop()
