"""Writing files: rows of DuckDB into a Parquet file that is complete, synced, and described for the manifest."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from analytics.filters.sql_quoting import quoted_name, quoted_text
from analytics.log.disk.file import PRIVATE, PRIVATE_DIRECTORY, sync_directory
from analytics.store.files.checksums import crc_of
from analytics.store.files.layout import (
    FIXED_COLUMNS,
    LAYOUT_VERSION,
    PARTIAL,
    ROW_GROUP,
    SORTED_BY,
    file_name,
)
from analytics.store.files.letters import Letters
from analytics.store.files.manifest import DataFile
from analytics.store.files.shapes import COLUMN, Shape, columns_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MANY_NAMES = 100
"""Services or types of a file that the manifest lists at most."""
DAY_MICROSECONDS = 86_400 * 1_000_000
ENCODING = "PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 1"
"""Version 2 keeps lengths and differences apart: with it, level 1 makes files as small as level 3, and texts are read
in two thirds of the time."""


class Reach(NamedTuple):
    """The origin of the records of a file: see `DataFile`."""

    epoch: int
    first: int
    last: int
    level: int
    revision: int = 0


class FileWriter:
    """Writes files below a folder. One thread may use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(
        self,
        connection: "DuckDBPyConnection",
        relation: str,
        day: int,
        reach: Reach,
        shapes: dict[int, Shape],
        letters: Letters | None,
    ) -> DataFile | None:
        """Write the rows of `relation` (SQL) that are of a day; returns the file, or None if there are none.

        `letters` has at least those of these rows.

        Raises:
            duckdb.Error, OSError: it could not be written; no file is left.
        """
        start = day * DAY_MICROSECONDS
        where = f"time >= make_timestamp({start}) AND time < make_timestamp({start + DAY_MICROSECONDS})"
        seen = connection.execute(
            f"SELECT shape, count(*) FROM {relation} WHERE {where} GROUP BY shape"  # nosec
        ).fetchall()
        if not seen:
            return None
        numbers = tuple(sorted(number for number, _ in seen))
        used = [shapes[number] for number in numbers if number]
        name = file_name(day, *reach)
        fields = columns_of(used)
        columns = ", ".join([*FIXED_COLUMNS, *(quoted_name(COLUMN + field) for field in fields)])
        about = {"analytics.layout": str(LAYOUT_VERSION), "analytics.shapes": msgspec.json.encode(used).decode()}
        select = f"SELECT {columns} FROM {relation} WHERE {where} ORDER BY {SORTED_BY}"  # nosec
        with finished_file(self.folder, name) as file:
            file.copy(connection, select, ROW_GROUP, about)
            made = self._describe(connection, file, name, day, reach, numbers)
            return msgspec.structs.replace(made, letters=letters)

    def _describe(
        self,
        connection: "DuckDBPyConnection",
        file: "UnfinishedFile",
        name: str,
        day: int,
        reach: Reach,
        shapes: Sequence[int],
    ) -> DataFile:
        rows, first_seq, last_seq, since, until, services, types = file.one(
            connection,
            "count(*), min(seq), max(seq), epoch(min(time)), epoch(max(time)), "
            "list(DISTINCT service), list(DISTINCT type)",
        )
        return DataFile(
            name,
            LAYOUT_VERSION,
            day,
            reach.level,
            reach.epoch,
            reach.first,
            reach.last,
            rows,
            file.bytes,
            file.crc,
            first_seq,
            last_seq,
            since,
            until,
            tuple(shapes),
            frozenset(services) if len(services) <= MANY_NAMES else None,
            frozenset(types) if len(types) <= MANY_NAMES else None,
        )


class UnfinishedFile:
    """A Parquet file that is being written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def copy(self, connection: "DuckDBPyConnection", select: str, group: int, about: Mapping[str, str]) -> None:
        """Write the rows of a SELECT, in groups of so many rows, with texts about the file."""
        pairs = ", ".join(f"{quoted_name(key)}: {quoted_text(value)}" for key, value in about.items())
        connection.execute(
            f"COPY ({select}) TO {quoted_text(str(self._path))} "
            f"(FORMAT parquet, {ENCODING}, ROW_GROUP_SIZE {group}, KV_METADATA {{{pairs}}})"
        )

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


@contextmanager
def finished_file(folder: Path, name: str) -> Iterator[UnfinishedFile]:
    """A file to be written: at the end of the context it is complete and synced; if that failed there is none."""
    path = folder / name
    partial = path.with_name(path.name + PARTIAL)
    if not path.parent.exists():
        path.parent.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        sync_directory(path.parent.parent)
        sync_directory(folder)
    try:
        partial.touch(PRIVATE)
        yield UnfinishedFile(partial)
        partial.chmod(PRIVATE)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
        sync_directory(path.parent)
    finally:
        partial.unlink(missing_ok=True)
