"""The keeper of log lines and spans: it merges their files, and writes them anew without erased records."""

from collections.abc import Sequence

from analytics.store.files.checking import damaged
from analytics.store.files.manifest import DataFile
from analytics.store.files.merging import to_merge
from analytics.store.files.writer import Reach
from analytics.store.process.catalog import FileCatalog, is_readable
from analytics.store.process.engine import DuckEngine
from analytics.store.records.erased import not_erased
from analytics.store.records.layout import RECORD_LAYOUTS, RecordLayout
from analytics.store.records.relation import reading, stored_rows
from analytics.store.records.writing import RecordWriter


class RecordsKeeper:
    """Looks after the files of records. Only the keeper's thread uses it.

    Raises:
        duckdb.Error, OSError, sqlite3.Error: a change failed; all is as it was.
    """

    def __init__(self, catalog: FileCatalog, writer: RecordWriter, engine: DuckEngine) -> None:
        self._catalog, self._writer, self._engine = catalog, writer, engine

    def merge(self, today: int) -> bool:
        """Merge some files; returns whether there were any to merge."""
        for layout in RECORD_LAYOUTS.values():
            of_kind = [file for file in self._catalog.of_records() if file.kind == layout.kind and is_readable(file)]
            files = to_merge(of_kind, today, layout.merged_rows)
            if not files:
                continue
            if self._catalog.leave_out(damaged(self._writer.folder, files)):
                return True
            first, last = min(file.first for file in files), max(file.last for file in files)
            reach = Reach(files[-1].epoch, first, last, max(file.level for file in files) + 1)
            self._replace(layout, files, reach)
            return True
        return False

    def erase(self, file: DataFile) -> None:
        """Write a file anew if it has erased records."""
        layout = RECORD_LAYOUTS[file.kind]
        erased = f"NOT ({self._not_erased(layout)})"
        if self._count([file], erased):
            revision = int(file.name.rsplit(".", 2)[1]) + 1
            self._replace(layout, [file], Reach(file.epoch, file.first, file.last, file.level, revision))

    def _replace(self, layout: RecordLayout, files: Sequence[DataFile], reach: Reach) -> None:
        """Write some files of a day as one, without erased records; as none if all were erased."""
        made: list[DataFile] = []
        not_erased = self._not_erased(layout)
        if self._count(files, not_erased):
            rows = stored_rows(layout, [reading(self._writer.folder, files)], not_erased)
            connection = self._engine.connect()
            try:
                made = [self._writer.write(connection, layout, rows, files[0].day, reach)]
            finally:
                connection.close()
        self._catalog.exchange(files, made)

    def _not_erased(self, layout: RecordLayout) -> str:
        return not_erased(self._catalog.erased_records(layout.kind))

    def _count(self, files: Sequence[DataFile], where: str) -> int:
        """For how many records of files a condition holds."""
        connection = self._engine.connect()
        try:
            query = f"SELECT count(*) FROM {reading(self._writer.folder, files)} WHERE {where}"  # nosec
            ((count,),) = connection.execute(query).fetchall()
        finally:
            connection.close()
        return int(count)
