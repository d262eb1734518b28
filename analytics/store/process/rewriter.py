"""The rewriter: it replaces files by others, merged, or without erased records, or by nothing."""

from collections.abc import Sequence

from analytics.filters.sql_quoting import quoted_name, quoted_text
from analytics.store.files.checking import damaged
from analytics.store.files.figures import figures_by_day, figures_of_files
from analytics.store.files.layout import EVENTS_FOLDER, FIXED_COLUMNS
from analytics.store.files.letters import together
from analytics.store.files.manifest import DataFile, Manifest
from analytics.store.files.merging import to_merge
from analytics.store.files.shapes import COLUMN, Shapes, columns_of
from analytics.store.files.writer import FileWriter, Reach
from analytics.store.process.catalog import FileCatalog, is_readable
from analytics.store.process.engine import DuckEngine
from analytics.store.process.erasing import ErasureSearch
from analytics.store.process.events_sql import ErasedUsers, without_erased
from analytics.store.records.keeping import RecordsKeeper
from analytics.store.records.layout import RECORD_LAYOUTS


class Rewriter:
    """Changes which files there are. Only the keeper's thread uses it.

    Raises:
        duckdb.Error, OSError, sqlite3.Error: a change failed; all is as it was.
    """

    def __init__(
        self,
        manifest: Manifest,
        catalog: FileCatalog,
        shapes: Shapes,
        writer: FileWriter,
        engine: DuckEngine,
        records: RecordsKeeper,
        search: ErasureSearch,
    ) -> None:
        self._manifest, self._catalog, self._shapes = manifest, catalog, shapes
        self._writer, self._engine, self._records = writer, engine, records
        self._search = search
        self._left_out: tuple[int, set[str], set[str]] | None = None
        """Position of the newest erasure, names of files for which `erase` waits, and those of them that are there."""

    def merge(self, today: int) -> bool:
        """Merge some files; returns whether there were any to merge."""
        files = to_merge([file for file in self._catalog.of_events() if is_readable(file)], today)
        if not files:
            return False
        if self._catalog.leave_out(damaged(self._writer.folder, files)):
            return True
        first = min(file.first for file in files)
        last = max(file.last for file in files)
        reach = Reach(files[-1].epoch, first, last, max(file.level for file in files) + 1)
        self._replace(files, reach, self._catalog.erased)
        return True

    def delete(self, files: Sequence[DataFile]) -> None:
        """Delete files: they are too old, or there is no room for them."""
        self._catalog.exchange(files, [])

    def erase(self) -> bool:
        """Write the files anew that have erased records, and drop what the manifest knows of their erasures.

        That stays while a file is left out that may have such records, or is gone: it may be put back as it was.

        It waits until it is known which records were erased. Returns whether there was anything to do.
        """
        pending = self._manifest.erasures()
        if not pending:
            return False
        last = pending[-1]
        last_numbers = {EVENTS_FOLDER: last.number, **last.records}
        files = [
            file
            for file in [*self._catalog.of_events(), *self._catalog.of_records()]
            if file.first_seq <= last_numbers.get(file.kind, 0)
        ]
        out = {file.name for file in files if not is_readable(file)}
        there = {name for name in out if (self._writer.folder / name).exists()}
        if (last.position, out, there) == self._left_out:
            return False
        known = {each.position for each in self._catalog.erased}
        for erasure in pending:
            if erasure.position not in known:
                self._search.begin(erasure)
        erased = [each for each in self._catalog.erased if each.position <= last.position]
        if any(each.searching for each in erased):
            return False
        for file in files:
            if not is_readable(file):
                continue
            if file.kind in RECORD_LAYOUTS:
                self._records.erase(file)
            elif self._has_any(file, erased):
                revision = int(file.name.rsplit(".", 2)[1]) + 1
                self._replace([file], Reach(file.epoch, file.first, file.last, file.level, revision), erased)
        if out:
            self._left_out = last.position, out, there
        else:
            self._manifest.replace((), (), erased_to=last.position)
        self._catalog.forget_erased(erased, is_complete=not there)
        return True

    def _has_any(self, file: DataFile, erased: Sequence[ErasedUsers]) -> bool:
        users = sorted(set().union(*(each.users for each in erased)))
        if not users:
            return False
        query = f"SELECT count(*) FROM {self._read([file])} WHERE user_id IN ({', '.join(map(quoted_text, users))})"
        connection = self._engine.connect()
        try:
            row = connection.execute(query).fetchone()
        finally:
            connection.close()
        return bool(row and row[0])

    def _replace(self, files: Sequence[DataFile], reach: Reach, erased: Sequence[ErasedUsers]) -> None:
        connection = self._engine.connect()
        try:
            read = self._read(files)
            rows = without_erased(read, erased)
            known = figures_of_files(files) if rows == read else None
            by_day = figures_by_day(connection, rows) if known is None else {files[0].day: known}
            letters = together(file.letters for file in files)
            new = [
                self._writer.write(connection, rows, day, figures, reach, self._shapes.by_number, letters)
                for day, figures in by_day.items()  # one day, or none if all were erased
            ]
        finally:
            connection.close()
        self._catalog.exchange(files, new)

    def _read(self, files: Sequence[DataFile]) -> str:
        """The rows of files as they are stored, each with the columns of all."""
        shapes = sorted({number for file in files for number in file.shapes})
        fields = columns_of(self._shapes.by_number[number] for number in shapes if number)
        columns = ", ".join([*FIXED_COLUMNS, *(quoted_name(COLUMN + field) for field in fields)])
        paths = ", ".join(quoted_text(str(self._writer.folder / file.name)) for file in files)
        reading = f"read_parquet([{paths}], hive_partitioning = false, union_by_name = {len(files) > 1})"
        return f"(SELECT {columns} FROM {reading})"
