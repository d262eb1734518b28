"""A state that is kept on disk, without server and threads."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import gevent
import msgspec

from analytics.bus import Bus
from analytics.config import Settings
from analytics.filters.event_filter import EventFilter
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from analytics.kinds import EVENTS, METRICS
from analytics.log.disk.checkpoint import Checkpoint
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.log import DiskLog
from analytics.log.disk.recovery import recover
from analytics.log.disk.stored import Mark
from analytics.log.disk.thread import Thread
from analytics.log.recorder import Recorder
from analytics.query.archive import NoArchive
from analytics.query.events import EventSearch, EventsPage
from analytics.query.reader import Reader
from analytics.query.stats import hourly
from analytics.snapshot.build import build_snapshot
from analytics.state.state import State
from tests.fakes import FakeClock
from tests.state.rig import NOON, event, metric


class NoThread(Thread):
    """Makes calls at once, in the calling thread."""

    def ask_briefly(self, seconds: float, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)


class DirectLog(DiskLog):
    """A log that uses its database without a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._thread = NoThread()


class Disk:
    """A state that is kept in a directory. As a context manager it recovers the state and releases it at the end.

    Raises:
        CannotStore, sqlite3.Error, OSError: the database in the directory cannot be used.
    """

    def __init__(self, directory: Path, durability: str = "process", log: type[DiskLog] = DirectLog) -> None:
        settings = Settings(data_dir=str(directory), durability=durability)
        self.path = directory / FILE_NAME
        self.clock = FakeClock(NOON)
        self.state = State(settings, NOON)
        self.jobs = Supervisor(self.clock, Backoff(first=0.001))
        self.log = log(self.state.lock, self.path, durability, self.jobs)
        self.recorder = Recorder(self.state, settings, self.clock, Bus(self.state.counters.dropped), self.log)
        self.checkpoint = Checkpoint(self.state, self.recorder)
        self.reader = Reader(self.state, self.clock)
        self._search = EventSearch(self.reader, NoArchive(), lambda: None)

    def __enter__(self) -> Self:
        database = self.log.open()
        try:
            self.mark, _ = recover(self.log, self.state, self.checkpoint, self.recorder)
            self.log.start(self.log.ask(database.last_position), self.clock.wall())
            if not self.log.position:
                self.recorder.start()
            self.recorder.set_quotas(self.recorder.quotas)
        except BaseException:
            self.log.ask(database.close)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.log.flush()
        self.log.stop()
        self.state.close()

    def record(self, first: int, last: int, text: str = "") -> None:
        """Record an event and a metric for each number: ids e`first` and m`first` to e`last` and m`last`."""
        for number in range(first, last + 1):
            data = {"number": number, "text": text, "latency": number % 50, "endpoint": f"/{number % 7}"}
            new = event("request", f"s{number % 3}", user_id=f"u{number}", id=f"e{number}", data=data)
            both = [
                gevent.spawn(self.recorder.record, EVENTS, new),
                gevent.spawn(self.recorder.record, METRICS, metric("cpu", number, f"s{number % 3}", id=f"m{number}")),
            ]
            gevent.joinall(both, raise_error=True)

    def save(self) -> None:
        """Write a checkpoint like the checkpointer, but without a child process."""
        database = self.log.database
        changes = self.checkpoint.take_unsaved()
        mark = Mark(database.mark().generation + 1, self.log.position)
        database.put_parts(list(self.checkpoint.parts(changes)), mark.generation)
        database.finish_checkpoint(mark, self.checkpoint.oldest(), 10**9)
        self.checkpoint.commit(changes)

    def ids(self) -> Counter[str]:
        """How many events there are by id."""
        return Counter(each["id"] for each in self._events())

    def answers(self) -> Any:
        """Answers that clients read: the snapshot, hourly statistics, and recent events."""
        seen = self.reader.ask(build_snapshot, 0), self.reader.ask(hourly, 168), self._events()
        return msgspec.json.decode(msgspec.json.encode(seen))

    def _events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = msgspec.json.decode(
            msgspec.json.encode(self._search.page(EventFilter(), EventsPage(10_000))["events"])
        )
        return found
