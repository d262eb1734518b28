"""The importer: it writes batches of old events to files, each event once."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analytics.clock import DAY_SECONDS
from analytics.log.digests import among
from analytics.records import NewErasure, Receipt
from analytics.store.files.arrow import ArrowRows
from analytics.store.files.layout import EVENTS_FOLDER
from analytics.store.files.manifest import DataFile, Manifest, PendingErasure
from analytics.store.files.merging import room_of
from analytics.store.files.shapes import Shapes
from analytics.store.files.text_columns import texts_in_order
from analytics.store.files.writer import FileWriter, Reach
from analytics.store.history.batch import HistoryBatch
from analytics.store.history.columns import HistoryColumns
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.engine import DuckEngine
from analytics.store.process.events_sql import ErasedUsers
from analytics.store.process.flusher import Flusher
from analytics.store.process.question import Refusal
from analytics.store.source import EventSpan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

IMPORT_EPOCH = -1
"""Stands in names of files for the life of a log: their events come from none."""
NUMBERS_END = 2**40
"""Imported events have numbers below it, in the order in which they came; those of the log have higher ones."""
TOGETHER = 6
"""Batches that are written together, at most."""
QUIET_SECONDS = 2.0
"""How long after a batch another one may follow."""
MOST_FILES = 1_000
"""Files of imports that wait to be merged until no batch has come for a while; beyond, they are merged at once."""


class HistoryImporter:
    """Takes batches of events in threads of requests; the keeper's thread writes all that wait in one transaction.

    Args:
        days: how many days are kept.
    """

    def __init__(
        self,
        manifest: Manifest,
        catalog: FileCatalog,
        shapes: Shapes,
        writer: FileWriter,
        engine: DuckEngine,
        flusher: Flusher,
        days: int,
    ) -> None:
        self._manifest, self._catalog, self._shapes = manifest, catalog, shapes
        self._writer, self._engine, self._flusher, self._days = writer, engine, flusher, days
        self._lock, self._decoding, self._called = threading.Lock(), threading.Lock(), threading.Event()
        self._waiting: list[HistoryBatch] = []
        self._unmerged = 0
        self._wrote_at = -QUIET_SECONDS
        manifest.forget_erased(self.oldest_day * DAY_SECONDS)
        self._erased = manifest.erased()
        imported = (file.last for file in catalog.of_events() if file.first_seq < NUMBERS_END)
        by_files = max(imported, default=0)  # at least the last one, where an earlier version noted none
        self._last = max(by_files, manifest.record_numbers().get(EVENTS_FOLDER, 0))
        self._pending: list[PendingErasure] = manifest.erasures()

    @property
    def oldest_day(self) -> int:
        """The oldest day that is kept, as days since 1970-01-01."""
        return int(time.time() // DAY_SECONDS) - self._days + 1

    @property
    def is_due(self) -> bool:
        """Whether batches wait to be written."""
        return bool(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether more batches may come soon, so that merging had better wait."""
        return time.monotonic() - self._wrote_at < QUIET_SECONDS and self._unmerged < MOST_FILES

    def wait(self, seconds: float) -> None:
        """Wait for a batch."""
        self._called.wait(seconds)

    def bring(self, body: bytes, seconds: float, max_bytes: int, *, may_write: bool) -> Receipt:
        """Store events, lines of JSON of `NewEvent`; returns when they are in files.

        Raises:
            Refusal: nothing of it is stored.
        """
        if not may_write:
            raise Refusal("store_full", "The disk is almost full, so that no old events are taken: make room first.")
        files = (*self._catalog.of_events(), *self._catalog.of_records())
        if len(body) // 4 > room_of(EVENTS_FOLDER, files, max_bytes):
            raise Refusal(
                "store_full",
                "The long-term store has no room for older events, which are deleted first: raise "
                "ANALYTICS_STORE_MAX_BYTES.",
            )
        batch = self.decoded(body)
        if len(batch.kept):
            with self._lock:
                self._waiting.append(batch)
                self._called.set()
        else:
            batch.finish()
        return batch.wait(seconds)

    def decoded(self, body: bytes) -> HistoryBatch:
        """The events of a request, of which one is decoded at a time: so it stays in the cache of the processor."""
        with self._decoding:
            return HistoryBatch(body, time.time(), self.oldest_day, self._shapes, self._catalog.tail.lock)

    def note(self, erasure: PendingErasure) -> None:
        """Do not bring back the events that an erasure is about."""
        with self._lock:
            self._pending = [*self._pending, erasure]

    def merged(self) -> None:
        """Note that small files were merged."""
        self._unmerged = 0

    def write(self) -> None:
        """Write all batches that wait; the keeper's thread calls it.

        Raises:
            duckdb.Error, OSError, sqlite3.Error: that failed; nothing of them is stored.
        """
        known, connection = self._known_erasures(), self._engine.connect()
        with self._lock:
            batches, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            self._called.clear()
        try:
            self._drop_erased(batches, known)
            self._drop_repeated(batches)
            self._drop_stored(connection, batches)
            files = self._write(connection, batches)
        except BaseException as error:
            for batch in batches:
                batch.finish(str(error) or type(error).__name__)
            raise
        finally:
            connection.close()
            self._wrote_at = time.monotonic()
        self._unmerged += len(files)
        self._hide_erased_meanwhile(batches, self._pending[len(known) :])
        for batch in batches:
            batch.finish()

    def _known_erasures(self) -> list[PendingErasure]:
        """The erasures that files may not reflect yet; those that they reflect by now are no more among them."""
        with self._lock:
            if self._pending:
                self._erased = self._manifest.erased()
                done = {salt for _, salt, _ in self._erased}
                self._pending = [each for each in self._pending if each.salt not in done]
            return self._pending

    def _drop_erased(self, batches: Sequence[HistoryBatch], pending: Sequence[PendingErasure]) -> None:
        erased = [(at * 1e6, NewErasure(salt, digests)) for at, salt, digests in self._erased]
        erased += [(float("inf"), NewErasure(each.salt, each.digests)) for each in pending]
        if not erased:
            return
        users = {user for batch in batches for user in batch.users}
        until: dict[str | None, float] = {}
        for at, erasure in erased:
            for user in among(erasure, users):
                until[user] = max(at, until.get(user, 0.0))
        for batch in batches:
            rows = zip(batch.kept.tolist(), batch.times[batch.kept].tolist(), strict=True)
            gone = {place for place, at in rows if at <= until.get(batch.users[place], -float("inf"))}
            batch.refuse(gone, code="user_erased", message="The events of this user were erased.", field="user_id")

    def _drop_repeated(self, batches: Sequence[HistoryBatch]) -> None:
        """Drop events that come twice."""
        if len(set().union(*(batch.ids for batch in batches))) == sum(len(batch.ids) for batch in batches):
            return
        seen = set[tuple[str, int]]()
        for batch in batches:
            places = set[int]()
            for place, at in zip(batch.kept.tolist(), batch.times[batch.kept].tolist(), strict=True):
                key = batch.ids[place], at
                if key in seen:
                    places.add(place)
                seen.add(key)
            batch.drop_duplicates(places)

    def _drop_stored(self, connection: "DuckDBPyConnection", batches: Sequence[HistoryBatch]) -> None:
        """Drop events that are stored already, with the same id and time."""
        import numpy as np

        if not any(len(batch.kept) for batch in batches):
            return
        times = np.concatenate([batch.times[batch.kept] for batch in batches])
        new: dict[str, Any] = {
            "id": texts_in_order([batch.columns["id"].taken(batch.kept) for batch in batches]),
            "time": times.view("M8[us]"),
            "batch": np.repeat(np.arange(len(batches)), [len(batch.kept) for batch in batches]),
            "place": np.concatenate([batch.kept for batch in batches]),
        }
        first, last = int(times.min()), int(times.max())
        with self._catalog.view() as view:
            stored = view.known().events((), EventSpan(first / 1e6 - 1e-3, last / 1e6 + 1e-3))
            view.show(connection)
            connection.register("new", ArrowRows(new, len(times)))
            try:
                found = connection.execute(
                    f"SELECT batch, place FROM new SEMI JOIN (SELECT id, time FROM {stored} WHERE time BETWEEN "  # nosec
                    f"make_timestamp({first}) AND make_timestamp({last})) USING (id, time)"
                ).fetchall()
            finally:
                connection.unregister("new")
        for number, batch in enumerate(batches):
            batch.drop_duplicates({place for each, place in found if each == number})

    def _write(self, connection: "DuckDBPyConnection", batches: Sequence[HistoryBatch]) -> list[DataFile]:
        count = sum(len(batch.kept) for batch in batches)
        if not count:
            return []
        first, last = self._last + 1, self._last + count
        columns = HistoryColumns(batches, first, round(time.time() * 1e6))
        reach, known = Reach(IMPORT_EPOCH, first, last, 0), self._shapes.by_number
        connection.execute("SET SESSION preserve_insertion_order = true")
        files: list[DataFile] = []
        try:
            with self._writer.together():
                for day, figures, rows in columns.days():
                    connection.register("day_rows", rows)
                    of_day = ("day_rows", day, figures, reach, known, columns.letters)
                    files.append(self._writer.write(connection, *of_day, is_sorted=True))
            used = sorted({number for file in files for number in file.shapes if number})
            shapes = [known[number] for number in used]
            self._manifest.add(files, self._flusher.progress, shapes, numbers={EVENTS_FOLDER: last})
        except BaseException:
            for file in files:
                (self._writer.folder / file.name).unlink(missing_ok=True)
            raise
        self._last = last
        self._catalog.replace((), files)
        return files

    def _hide_erased_meanwhile(self, batches: Sequence[HistoryBatch], pending: Sequence[PendingErasure]) -> None:
        """Leave out events of users who were erased while these were written."""
        for each in pending:
            erasure = NewErasure(each.salt, each.digests)
            users = among(erasure, {user for batch in batches for user in batch.users})
            self._catalog.erase(ErasedUsers(users, each.number, each.position))
