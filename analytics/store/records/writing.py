"""Writing files of log lines and spans."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analytics.store.files.layout import LAYOUT_VERSION, file_name
from analytics.store.files.manifest import DataFile
from analytics.store.files.writer import MANY_NAMES, FileWriter, Reach
from analytics.store.records.erased import ErasedRows, not_erased
from analytics.store.records.layout import DAY_NANOSECONDS, RecordLayout
from analytics.store.records.relation import stored_rows
from analytics.store.records.tail import RecordTail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class RecordWriter:
    """Writes files by means of a writer. One thread may use it.

    Raises:
        duckdb.Error, OSError: a file could not be written; none is left.
    """

    def __init__(self, writer: FileWriter) -> None:
        self._writer = writer

    @property
    def folder(self) -> Path:
        """The folder below which the files are."""
        return self._writer.folder

    def of_tail(
        self,
        connection: "DuckDBPyConnection",
        tails: Iterable[RecordTail],
        reach: Reach,
        erased: Callable[[str], Sequence[ErasedRows]],
    ) -> Iterator[DataFile]:
        """Write the rows of a part of the tail, a file for each day and kind.

        Args:
            erased: the rows of a kind that are left out.
        """
        for tail in tails:
            if not tail.tables:
                continue
            layout = tail.layout
            rows = stored_rows(layout, tail.tables, not_erased(erased(layout.kind)))
            query = f"SELECT DISTINCT {layout.time} // {DAY_NANOSECONDS} AS day FROM {rows} ORDER BY day"
            for (day,) in connection.execute(query).fetchall():
                yield self.write(connection, layout, rows, day, reach)

    def write(
        self, connection: "DuckDBPyConnection", layout: RecordLayout, rows: str, day: int, reach: Reach
    ) -> DataFile:
        """Write the rows of a subquery that are of a day, of which there must be some."""
        start = day * DAY_NANOSECONDS
        where = f"{layout.time} >= {start} AND {layout.time} < {start + DAY_NANOSECONDS}"
        columns = ", ".join(layout.columns)
        select = f"SELECT {columns} FROM {rows} WHERE {where} ORDER BY {layout.sorted_by}"
        name = file_name(day, *reach, folder=layout.kind)
        with self._writer.finished(name) as file:
            file.copy(connection, select, layout.group, {"analytics.layout": str(LAYOUT_VERSION)}, layout.options)
            count, first_seq, last_seq, since, until, services, least, greatest = file.one(
                connection,
                f"count(*), min(seq), max(seq), min({layout.time}) / 1e9, max({layout.time}) / 1e9, "
                "list(DISTINCT service), min(trace_id) FILTER (WHERE trace_id <> ''), max(trace_id)",
            )
            return DataFile(
                file.name,
                LAYOUT_VERSION,
                day,
                reach.level,
                reach.epoch,
                reach.first,
                reach.last,
                count,
                file.bytes,
                file.crc,
                first_seq,
                last_seq,
                since,
                until,
                (),
                frozenset(services) if len(services) <= MANY_NAMES else None,
                None,
                traces=(least or "", greatest),
            )
