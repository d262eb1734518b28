"""The keeper of the numbers: it writes their tail to files, merges these, and deletes those that are too old."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from analytics.clock import DAY_SECONDS
from analytics.store.files.checking import damaged
from analytics.store.files.layout import LAYOUT_VERSION, part_file_name
from analytics.store.files.manifest import DataFile, Manifest
from analytics.store.files.merging import to_merge
from analytics.store.files.writer import FileWriter
from analytics.store.numbers.layout import CELL_GROUP, CELLS_SORTED_BY, NUMBER_KINDS, NumberKind, end_of, part_of
from analytics.store.numbers.relation import NEWEST, reading
from analytics.store.numbers.tail import CellTail, tail_table
from analytics.store.process.catalog import FileCatalog, is_readable
from analytics.store.process.engine import DuckEngine

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEPT_DIGESTS_DAYS = 400
"""The server keeps no bucket so long that it has to be compared."""


class NumbersKeeper:
    """Looks after the files of numbers. Only the keeper's thread uses it.

    Args:
        seconds: after how long cells are written at the latest.
        days: how many days are kept, by kind.

    Raises:
        duckdb.Error, OSError, sqlite3.Error: a change failed; all is as it was.
    """

    def __init__(
        self,
        manifest: Manifest,
        catalog: FileCatalog,
        writer: FileWriter,
        engine: DuckEngine,
        seconds: float,
        days: Mapping[str, int],
    ) -> None:
        self._manifest, self._catalog, self._engine = manifest, catalog, engine
        self._writer, self._folder, self._seconds, self.days = writer, writer.folder, seconds, days
        self.tail: CellTail = catalog.cells

    @property
    def is_due(self) -> bool:
        """Whether the tail should be written now."""
        return bool(self.tail.rows) and time.monotonic() - self.tail.oldest >= self._seconds

    def flush(self) -> None:
        """Write all cells of the tail to files, one for each part."""
        files: list[DataFile] = []
        first = max((file.last for file in self._catalog.of_numbers()), default=0) + 1
        with self.tail.flushing() as (connection, last, digests):
            try:
                for kind in NUMBER_KINDS.values():
                    cells = f"(SELECT * FROM {tail_table(kind.name)} WHERE generation BETWEEN {first} AND {last})"
                    starts = connection.execute(f"SELECT DISTINCT epoch(start) FROM {cells}").fetchall()
                    for part in sorted({part_of(kind, start) for (start,) in starts}):
                        low, high = part * DAY_SECONDS, end_of(kind, part) * DAY_SECONDS
                        rows = f"(SELECT * FROM {cells} WHERE epoch(start) >= {low} AND epoch(start) < {high} {NEWEST})"
                        files.append(self._write(connection, kind, part, rows, (first, last, 0)))
                self._manifest.add_numbers(files, digests)
            except BaseException:
                for file in files:
                    (self._folder / file.name).unlink(missing_ok=True)
                raise
            self._catalog.replace((), files)

    def merge(self, now: float) -> bool:
        """Merge some files; returns whether there were any to merge."""
        for kind in NUMBER_KINDS.values():
            of_kind = [file for file in self._catalog.of_numbers() if file.kind == kind.name and is_readable(file)]
            files = to_merge(of_kind, part_of(kind, now))
            if not files:
                continue
            if self._catalog.leave_out(damaged(self._folder, files)):
                return True
            rows = f"({reading(self._folder, files)} {NEWEST})"
            reach = (
                min(file.first for file in files),
                max(file.last for file in files),
                max(file.level for file in files) + 1,
            )
            connection = self._engine.connect()
            try:
                made = self._write(connection, kind, files[0].day, rows, reach)
            finally:
                connection.close()
            self._catalog.exchange(files, [made])
            return True
        return False

    def expire(self, now: float) -> None:
        """Delete the files of which all cells are too old."""
        today = int(now // DAY_SECONDS)
        gone = [
            file
            for file in self._catalog.of_numbers()
            if end_of(NUMBER_KINDS[file.kind], file.day) <= today - self.days[file.kind] + 1
        ]
        if gone:
            self._catalog.exchange(gone, [])
        oldest = {name: (today - min(self.days[name], KEPT_DIGESTS_DAYS) + 1) * DAY_SECONDS for name in NUMBER_KINDS}
        self.tail.forget(oldest)
        self._manifest.forget_digests(oldest)

    def _write(
        self, connection: "DuckDBPyConnection", kind: NumberKind, part: int, rows: str, reach: tuple[int, int, int]
    ) -> DataFile:
        """Write rows into a file of a part; `reach` has the least and the greatest generation, and the level."""
        name = part_file_name(kind.name, kind.part, part, kind.part_digits, *reach)
        select = f"SELECT * FROM {rows} ORDER BY {CELLS_SORTED_BY}"  # nosec
        with self._writer.finished(name) as file:
            file.copy(connection, select, CELL_GROUP, {"analytics.layout": str(LAYOUT_VERSION)})
            count, since, until = file.one(connection, "count(*), epoch(min(start)), epoch(max(start))")
            return DataFile(
                file.name,
                LAYOUT_VERSION,
                part,
                reach[2],
                0,
                reach[0],
                reach[1],
                count,
                file.bytes,
                file.crc,
                0,
                0,
                since,
                until,
                (),
                None,
                None,
            )
