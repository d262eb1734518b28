"""A state and a clock, with a long-term store in this process."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import msgspec

from analytics.errors import Unavailable
from analytics.query.cells.build import make_engine
from analytics.query.far.joined import JoinedStorage
from analytics.query.far.series import FarSeriesQueries, kept_levels
from analytics.query.series import Series, SeriesQuery, points
from analytics.sinks.long_term.reading import StoreReading
from analytics.sinks.long_term.writer import NumbersWriter
from analytics.store.client.client import StoreFailure
from analytics.store.files.layout import store_folder
from analytics.store.frames import AnswerFailure
from analytics.store.options import StoreOptions
from analytics.store.process.engine import DuckEngine
from analytics.store.process.opening import OpenStore, open_store
from analytics.store.process.operations import STORE_OPERATIONS
from analytics.store.process.question import Question, Refusal
from analytics.threads import Threads
from tests.query.cells.rig import QueryRig
from tests.state.rig import NOON


class LocalStore:
    """The parts of the store process; `restart` forgets what is in no file, as SIGKILL does."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self._options = StoreOptions(str(folder), **{"seconds": 0.0, **options})
        self._folder = folder
        self.is_away = False
        self.now = NOON
        self.open = self._opened()

    def ask(self, op: str, args: Mapping[str, Any] | None = None, *, seconds: float = 30.0) -> Iterator[bytes]:
        """See `AsksStore`."""
        if self.is_away:
            raise Unavailable("the store is away")
        with self.open.catalog.view() as view:
            connection = self.engine.connect()
            try:
                sent = json.loads(msgspec.json.encode(args or {}))
                yield from STORE_OPERATIONS[op](Question(view, connection, sent, lambda query: None))
            except Refusal as error:
                raise StoreFailure(AnswerFailure(error.code, error.message)) from error
            finally:
                connection.close()

    def restart(self) -> None:
        """Close it, and open it anew from its files."""
        self.close()
        self.open = self._opened()

    def close(self) -> None:
        """Close it."""
        self.open.lock.release()
        self.open.manifest.close()

    def keep(self) -> None:
        """Write and merge files until there is nothing to do."""
        numbers = self.open.numbers
        while numbers.is_due or numbers.merge(self.now):
            if numbers.is_due:
                numbers.flush()
        numbers.expire(self.now)

    def rows(self, kind: str) -> list[tuple[Any, ...]]:
        """Name, labels, start and count of all cells, in order."""
        with self.open.catalog.view() as view:
            query = f"SELECT name, labels, epoch(start)::BIGINT, count FROM {view.cells_of(kind)} ORDER BY ALL"
            return self.engine.connect().execute(query).fetchall()

    def _opened(self) -> OpenStore:
        self._folder.mkdir(exist_ok=True)
        self.engine = DuckEngine(store_folder(self._folder), 256 * 1024 * 1024, 2)
        return open_store(self._options, self.engine)


class StoredRig(QueryRig):
    """Records, lets time pass, and sends to the store; `engine` reads from memory and store."""

    def __init__(self, folder: Path, wall: float = NOON, **limits: Any) -> None:
        super().__init__(wall, data_dir=str(folder), **limits)
        self.store = LocalStore(folder)
        self.writer = NumbersWriter(self.store, self.reader, lambda: None)
        self.reading = StoreReading(self.store, self.clock, lambda: None, Threads())
        self.near_engine = self.engine
        self.engine = make_engine(
            self.reader,
            self.state.series.levels,
            beyond=lambda near, buckets, lasting, others: JoinedStorage(near, lasting, others, buckets, self.reading),
        )

    def wait(self, seconds: float, every: float = 60.0) -> None:
        """Let time pass, while the writer works."""
        until = self.clock.wall() + seconds
        while self.clock.wall() < until:
            self.clock.advance(min(every, until - self.clock.wall()))
            self.recorder.tick()
            self.recorder.advance()
            self.store.now = self.clock.wall()
            self.writer.step()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.store.close()

    def forget(self, seconds: float) -> None:
        """Let time pass at once, so that memory forgets."""
        self.wait(seconds, seconds)

    @cached_property
    def far_series(self) -> FarSeriesQueries:
        return FarSeriesQueries(self.near_series, self.reading, lambda: self.reader.ask(kept_levels))

    def near_series(self, query: SeriesQuery) -> Series:
        """What memory alone answers."""
        return self.ask_in_steps(points, query)

    def series(self, **query: object) -> Series:
        """What memory and store answer."""
        return self.far_series.points(SeriesQuery(**query))  # type: ignore[arg-type]
