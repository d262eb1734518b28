"""The keeper of log lines and spans: it merges their files."""

from analytics.store.files.checking import damaged
from analytics.store.files.manifest import Manifest
from analytics.store.files.merging import to_merge
from analytics.store.files.writer import Reach
from analytics.store.process.catalog import FileCatalog, is_readable
from analytics.store.process.engine import DuckEngine
from analytics.store.records.layout import RECORD_LAYOUTS
from analytics.store.records.relation import reading, stored_rows
from analytics.store.records.writing import RecordWriter


class RecordsKeeper:
    """Looks after the files of records. Only the keeper's thread uses it.

    Raises:
        duckdb.Error, OSError, sqlite3.Error: a change failed; all is as it was.
    """

    def __init__(self, manifest: Manifest, catalog: FileCatalog, writer: RecordWriter, engine: DuckEngine) -> None:
        self._manifest, self._catalog = manifest, catalog
        self._writer, self._engine = writer, engine

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
            rows = stored_rows(layout, [reading(self._writer.folder, files)])
            connection = self._engine.connect()
            try:
                made = self._writer.write(connection, layout, rows, files[0].day, reach)
            finally:
                connection.close()
            try:
                self._manifest.replace(files, [made])
            except BaseException:
                (self._writer.folder / made.name).unlink(missing_ok=True)
                raise
            self._catalog.replace(files, [made])
            return True
        return False
