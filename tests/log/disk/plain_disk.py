"""What the tests of the storage share: a service's state on a disk, without server and threads."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import gevent
import msgspec

from analytics.bus import Bus
from analytics.config import Settings
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import EVENTS, METRICS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.database import Mark
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.log import DiskLog
from analytics.log.disk.recovery import recover
from analytics.log.disk.thread import Thread
from analytics.log.recorder import Recorder
from analytics.query.events import EventFilter, events
from analytics.query.reader import Reader
from analytics.query.stats import hourly
from analytics.snapshot.build import build_snapshot
from analytics.state.state import State
from tests.fakes import FakeClock
from tests.state.rig import NOON, event, metric

KEEP = {"events": 10_000, "metrics": 10_000}


class NoThread(Thread):
    """Does at once what it is asked, in the one thread there is."""

    def ask_briefly(self, seconds: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


class DirectJournal(DiskLog):
    """A journal whose database is used at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._thread = NoThread()


class Disk:
    """A state that is kept in a directory; a context manager that recovers it, and lets go of it again.

    Raises:
        CannotStore, sqlite3.Error, OSError: what is there cannot be used.
    """

    def __init__(self, directory: Path, durability: str = "process", journal: type[DiskLog] = DirectJournal) -> None:
        settings = Settings(data_dir=str(directory), durability=durability)
        self.path = directory / FILE_NAME
        self.clock = FakeClock(NOON)
        self.state = State(settings, NOON)
        self.jobs = Supervisor(self.clock, Backoff(first=0.001))
        self.journal = journal(self.state.lock, self.path, durability, self.jobs)
        self.recorder = Recorder(self.state, settings, self.clock, Bus(self.state.counters.dropped), self.journal)
        self.image = Checkpoint(self.state, self.recorder)
        self.reader = Reader(self.state, self.clock)

    def __enter__(self) -> Self:
        database = self.journal.open()
        try:
            self.mark, _ = recover(self.journal, self.state, self.image, self.recorder, KEEP)
            self.journal.start(self.journal.ask(database.last_seq))
            if not self.journal.position:
                self.recorder.start()
            self.recorder.set_quotas(self.recorder.quotas)
        except BaseException:
            self.journal.ask(database.close)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.journal.settle()
        self.journal.stop()
        self.state.close()

    def record(self, first: int, last: int, text: str = "") -> None:
        """Events with the ids e`first` to e`last`, each in an entry of its own, and a metric for each."""
        for number in range(first, last + 1):
            data = {"number": number, "text": text, "latency": number % 50, "endpoint": f"/{number % 7}"}
            new = event("request", f"s{number % 3}", user_id=f"u{number}", id=f"e{number}", data=data)
            both = [
                gevent.spawn(self.recorder.record, EVENTS, new),
                gevent.spawn(self.recorder.record, METRICS, metric("cpu", number, f"s{number % 3}", id=f"m{number}")),
            ]
            gevent.joinall(both, raise_error=True)

    def save(self) -> None:
        """Write an image, as a checkpoint does in a process of its own."""
        database = self.journal.database
        changes = self.image.take_changes()
        mark = Mark(database.mark().generation + 1, self.journal.position)
        database.put(list(self.image.parts(changes)), mark.generation)
        database.finish(mark, self.image.oldest(), 10**9)
        self.image.done(changes)

    def ids(self) -> Counter[str]:
        """How often there is an event of each id."""
        return Counter(each["id"] for each in self._events())

    def picture(self) -> Any:
        """What clients read."""
        seen = self.reader.ask(build_snapshot, 0), self.reader.ask(hourly, 168), self._events()
        return msgspec.json.decode(msgspec.json.encode(seen))

    def _events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = msgspec.json.decode(
            msgspec.json.encode(self.reader.ask(events, EventFilter(), 10_000)["events"])
        )
        return found
