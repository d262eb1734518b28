"""The flusher: it writes the tail to files, exactly once."""

import time
from collections.abc import Iterator
from itertools import chain

from analytics.store.files.figures import figures_by_day
from analytics.store.files.letters import together
from analytics.store.files.manifest import DataFile, Manifest, PendingErasure, Progress
from analytics.store.files.shapes import Shapes
from analytics.store.files.writer import FileWriter, Reach
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.engine import DuckEngine
from analytics.store.process.events_sql import without_erased
from analytics.store.process.tail import Tail, TailTable, show
from analytics.store.records.writing import RecordWriter


class Flusher:
    """Writes what was read since the last time. Only the keeper's thread uses it.

    Attributes:
        progress: what the manifest says.
        erasures: those that were read, and that the manifest does not have yet.
    """

    def __init__(
        self,
        manifest: Manifest,
        catalog: FileCatalog,
        tail: Tail,
        shapes: Shapes,
        writer: FileWriter,
        records: RecordWriter,
        engine: DuckEngine,
    ) -> None:
        self._manifest, self._catalog, self._tail, self._shapes = manifest, catalog, tail, shapes
        self._writer, self._records, self._engine = writer, records, engine
        self.progress = Progress(0, 0, 0)
        self.erasures: list[PendingErasure] = []
        self.flushed_at = time.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the oldest records of the tail may have come; 0 if there is nothing to write."""
        return time.monotonic() - self.flushed_at if self._tail.open.last > self.progress.upto else 0.0

    def flush(self) -> None:
        """Write all records read so far, and note in the manifest that they are in files.

        Raises:
            duckdb.Error, OSError, sqlite3.Error: that failed; the records stay in the tail.
        """
        tail = self._tail
        with tail.lock:
            if tail.open.last > self.progress.upto and not tail.frozen:
                tail.freeze()
            tables = list(tail.frozen)
        if not tables:
            return
        last = tables[-1]
        erasures = [each for each in self.erasures if each.position <= last.last]
        files: list[DataFile] = []
        try:
            for table in tables:
                for file in chain(self._written(table), self._written_records(table)):
                    files.append(file)
            used = sorted({number for file in files for number in file.shapes if number})
            progress = Progress(self.progress.epoch, last.last, last.number)
            self._manifest.add(
                files, progress, [self._shapes.by_number[number] for number in used], erasures, last.numbers
            )
        except BaseException:
            for file in files:
                (self._writer.folder / file.name).unlink(missing_ok=True)
            raise
        self.progress = progress
        self._catalog.replace((), files, tables)
        self.erasures = [each for each in self.erasures if each not in erasures]
        self.flushed_at = time.monotonic()

    def _written(self, table: TailTable) -> Iterator[DataFile]:
        if not table.parts:
            return
        connection = self._engine.connect()
        show(table.parts, connection)
        try:
            erased = self._catalog.erased
            rows = without_erased(table.relation(), erased)
            by_day = figures_by_day(connection, rows) if erased else table.figures
            reach = Reach(self.progress.epoch, table.first, table.last, 0)
            letters = together(part.letters.letters() for part in table.parts)
            for day, figures in sorted(by_day.items()):
                yield self._writer.write(connection, rows, day, figures, reach, self._shapes.by_number, letters)
        finally:
            connection.close()

    def _written_records(self, table: TailTable) -> Iterator[DataFile]:
        connection = self._engine.connect()
        try:
            reach = Reach(self.progress.epoch, table.first, table.last, 0)
            erased = self._catalog.erased_records
            yield from self._records.of_tail(connection, table.records.values(), reach, erased)
        finally:
            connection.close()
