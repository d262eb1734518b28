"""Writing files: rows of DuckDB into a Parquet file that is complete, synced, and described for the manifest."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from analytics.filters.sql_quoting import quoted_name, quoted_text
from analytics.store.files.checksums import crc_of
from analytics.store.files.figures import DAY_MICROSECONDS, EventFigures
from analytics.store.files.layout import (
    FIXED_COLUMNS,
    LAYOUT_VERSION,
    ROW_GROUP,
    SORTED_WITHIN,
    file_name,
    next_revision,
)
from analytics.store.files.letters import Letters
from analytics.store.files.manifest import DataFile
from analytics.store.files.nicer_thread import NicerThread
from analytics.store.files.publishing import Publication
from analytics.store.files.shapes import COLUMN, Shape, columns_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANY_NAMES = 100
"""Services or types of a file that the manifest lists at most."""
PAGE_BYTES = 64 * 1024
ENCODING = f"PARQUET_VERSION V2, DATA_PAGE_SIZE_LIMIT {PAGE_BYTES}"
"""Version 2 keeps lengths and differences apart: with it, level 1 of zstd makes files as small as level 3, and texts
are read in two thirds of the time. Small pages let a few rows be read in less than half of the time; without a limit a
column of a row group is one page, which is read as a whole."""
SMALL, QUICK = "COMPRESSION zstd, COMPRESSION_LEVEL 1", "COMPRESSION snappy"
"""Compression of files, and that of those which are soon merged: half as large again, and written more quickly."""


class Reach(NamedTuple):
    """The origin of the records of a file: see `DataFile`."""

    epoch: int
    first: int
    last: int
    level: int
    revision: int = 0


class FileWriter:
    """Writes files below a folder. One thread may use it.

    Args:
        nicer: how much nicer than that thread the one is that sorts and writes rows.
    """

    def __init__(self, folder: Path, nicer: int = 0) -> None:
        self.folder = folder
        self._thread = NicerThread(nicer)
        self._together: Publication | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Files that are written inside of the context are complete at its end; that is quicker than one by one."""
        with Publication(self.folder) as self._together:
            try:
                yield
            finally:
                self._together = None

    @contextmanager
    def finished(self, name: str) -> Iterator["UnfinishedFile"]:
        """A file below the folder: at the end of the context it is complete and synced; if that failed there is none.

        Inside of `together`, that is so at the end of that context. If there is a file of that name, which may be one
        that was replaced and is still read, it has the name of a later revision.
        """
        while (self.folder / name).exists():
            name = next_revision(name)
        with nullcontext(self._together) if self._together else Publication(self.folder) as publication:
            yield UnfinishedFile(name, publication.begin(name), self._thread)

    def write(
        self,
        connection: "DuckDBPyConnection",
        relation: str,
        day: int,
        figures: EventFigures,
        reach: Reach,
        shapes: dict[int, Shape],
        letters: Letters | None,
        *,
        is_sorted: bool = False,
    ) -> DataFile:
        """Write the rows of `relation` (SQL) that are of a day, which have these figures; returns the file.

        `letters` has at least those of these rows. With `is_sorted`, the relation has only these rows, in the order of
        files, and the connection keeps the order. Files that were not merged have no order: they are one row group, so
        that sorting would leave nothing out of what questions read, and merging sorts them.

        Raises:
            duckdb.Error, OSError: it could not be written; no file is left.
        """
        start = day * DAY_MICROSECONDS
        where = f"time >= make_timestamp({start}) AND time < make_timestamp({start + DAY_MICROSECONDS})"
        used = [shapes[number] for number in figures.shapes if number]
        name = file_name(day, *reach)
        fields = columns_of(used)
        columns = ", ".join([*FIXED_COLUMNS, *(quoted_name(COLUMN + field) for field in fields)])
        about = {"analytics.layout": str(LAYOUT_VERSION), "analytics.shapes": msgspec.json.encode(used).decode()}
        select = f"SELECT {columns} FROM {relation}"  # nosec
        if not is_sorted:
            select += f" WHERE {where}" + (f" ORDER BY {sorted_by(figures)}" if reach.level else "")
        compression = SMALL if is_sorted or reach.level else QUICK
        with self.finished(name) as file:
            file.copy(connection, select, ROW_GROUP, about, compression=compression)
            return _described(file, day, reach, figures, letters)


def sorted_by(figures: EventFigures) -> str:
    """SQL of the order of files, for events with these figures: names are sorted as numbers, where there are few."""

    def by(name: str, texts: Collection[str]) -> str:
        if len(texts) > MANY_NAMES or "\0" in "".join(texts):
            return name
        return f"{name}::ENUM({', '.join(map(quoted_text, sorted(texts)))})"

    return ", ".join([by("service", figures.services), by("type", figures.types), SORTED_WITHIN])


def _described(
    file: "UnfinishedFile", day: int, reach: Reach, figures: EventFigures, letters: Letters | None
) -> DataFile:
    return DataFile(
        file.name,
        LAYOUT_VERSION,
        day,
        reach.level,
        reach.epoch,
        reach.first,
        reach.last,
        figures.rows,
        file.bytes,
        file.crc,
        figures.first_seq,
        figures.last_seq,
        figures.since,
        figures.until,
        figures.shapes,
        figures.services if len(figures.services) <= MANY_NAMES else None,
        figures.types if len(figures.types) <= MANY_NAMES else None,
        letters,
        counts=figures.counts,
    )


class UnfinishedFile:
    """A Parquet file that is being written.

    Attributes:
        name: its path below the folder once it is complete.
    """

    def __init__(self, name: str, path: Path, thread: NicerThread) -> None:
        self.name = name
        self._path, self._thread = path, thread

    def copy(
        self,
        connection: "DuckDBPyConnection",
        select: str,
        group: int,
        about: Mapping[str, str],
        more: str = "",
        compression: str = SMALL,
    ) -> None:
        """Write the rows of a SELECT, in groups of so many rows, with texts about the file, and more options."""
        pairs = ", ".join(f"{quoted_name(key)}: {quoted_text(value)}" for key, value in about.items())
        statement = (
            f"COPY ({select}) TO {quoted_text(str(self._path))} "
            f"(FORMAT parquet, {ENCODING}, {compression}{more}, ROW_GROUP_SIZE {group}, KV_METADATA {{{pairs}}})"
        )
        self._thread.call(lambda: connection.execute(statement))

    def one(self, connection: "DuckDBPyConnection", figures: str) -> Any:
        """The only row of a SELECT of these figures of it."""
        return connection.execute(f"SELECT {figures} FROM read_parquet({quoted_text(str(self._path))})").fetchone()  # nosec

    @property
    def bytes(self) -> int:
        """Its size."""
        return self._path.stat().st_size

    @property
    def crc(self) -> int:
        """The CRC-32 of it."""
        return crc_of(self._path)
