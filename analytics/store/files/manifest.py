"""The manifest: which files count, and up to which position of the log they reach. One SQLite database."""

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from analytics.errors import CannotStore
from analytics.store.files.letters import Letters
from analytics.store.files.manifest_tables import (
    ERASED_RECORDS_TABLE,
    ERASED_TABLE,
    MANIFEST_ID,
    check_version,
    create_manifest,
    erased_records,
    put_erased_records,
    upgrade_manifest,
)
from analytics.store.files.shapes import Shape

MANIFEST_NAME = "manifest.db"
MANIFEST_BUSY_SECONDS = 30.0
_JSON_COLUMNS = ("shapes", "services", "types", "letters", "traces")


class Progress(NamedTuple):
    """How far the files reach.

    Attributes:
        epoch: the log that the positions belong to; it rises when another log takes the place of the previous one.
        upto: the position of the last entry whose records are in files.
        number: the number of the last event up to there.
    """

    epoch: int
    upto: int
    number: int


class DataFile(msgspec.Struct, frozen=True):
    """A file that counts.

    Attributes:
        name: its path below the folder of the store, which begins with its kind.
        layout: the version of the layout that it has.
        day: of its records, as days since 1970-01-01; of numbers the first day of the part of time that they are of.
        level: how often its records were merged.
        epoch, first, last: the log, see `Progress`, and the positions between which its records are; of numbers 0, and
            the generations.
        crc: CRC-32 of the whole file.
        since, until: the least and greatest time, or start of a bucket, in seconds since the epoch.
        shapes: the numbers of the shapes that its rows have; 0 for rows whose data is whole.
        services, types: those in it; None where they are many.
        letters: of its columns of texts; None where they are not known.
        damage: why it is left out; None if it is sound.
        traces: the least and the greatest id of a trace in it, empty where there are none; None where not known.
        counts: of its events, see `HourCounts`, as JSON that is decoded when it is asked for; None where not known.
    """

    name: str
    layout: int
    day: int
    level: int
    epoch: int
    first: int
    last: int
    rows: int
    bytes: int
    crc: int
    first_seq: int
    last_seq: int
    since: float
    until: float
    shapes: tuple[int, ...]
    services: frozenset[str] | None
    types: frozenset[str] | None
    letters: Letters | None = None
    damage: str | None = None
    traces: tuple[str, str] | None = None
    counts: str | None = None

    @property
    def kind(self) -> str:
        """The kind of its records: `events`, `logs`, `spans`, or a kind of numbers."""
        return self.name.partition("/")[0]


class PendingErasure(NamedTuple):
    """An erasure that files may not reflect yet: its position in the log, and the last event number at that point.

    `records` are the numbers of the last log line and span at that point, by kind.
    """

    position: int
    number: int
    salt: str
    digests: list[str]
    records: Mapping[str, int] = MappingProxyType({})


class Manifest:
    """The open manifest in a folder; it is created if it is missing. Any thread may use it, one at a time.

    Raises:
        CannotStore: the file is damaged, foreign, or of a newer version.
        sqlite3.Error: it cannot be used now.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / MANIFEST_NAME
        if not path.exists():
            create_manifest(path)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=MANIFEST_BUSY_SECONDS, check_same_thread=False)
        try:
            self._check(path)
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError):
                raise
            raise CannotStore(f"{path} is damaged ({error}). Restore a backup, or move the folder away.") from error
        except BaseException:
            self._db.close()
            raise

    @classmethod
    def reading(cls, path: Path) -> "Manifest":
        """A manifest that is only read, also of a running service."""
        manifest = cls.__new__(cls)
        uri = f"{path.resolve().as_uri()}?mode=ro"
        manifest._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=MANIFEST_BUSY_SECONDS)
        ((version,),) = manifest._db.execute("PRAGMA user_version")
        check_version(path, version)
        return manifest

    def _check(self, path: Path) -> None:
        db = self._db
        db.execute("PRAGMA synchronous = EXTRA")  # else a power cut may undo what files were deleted after
        ((version,),) = db.execute("PRAGMA user_version")
        ((mark,),) = db.execute("PRAGMA application_id")
        if mark != MANIFEST_ID:
            raise CannotStore(f"{path} is a database of another program: move it away.")
        check_version(path, version)
        upgrade_manifest(db, version)
        db.execute(ERASED_TABLE)
        db.execute(ERASED_RECORDS_TABLE)

    def close(self) -> None:
        """Close the manifest."""
        self._db.close()

    def progress(self) -> Progress | None:
        """How far the files reach; None if nothing was ever written."""
        row = self._db.execute("SELECT epoch, upto, number FROM progress").fetchone()
        return None if row is None else Progress(*row)

    def set_progress(self, progress: Progress) -> None:
        """Set how far the files reach."""
        with self._transaction():
            self._put_progress(progress)

    def files(self) -> list[DataFile]:
        """All files, in the order of days and positions."""
        rows = self._db.execute("SELECT * FROM files ORDER BY day, epoch, first, name")
        names = [column[0] for column in rows.description]
        found = []
        for row in rows:
            values = dict(zip(names, row, strict=True))
            values |= {name: _decoded(values[name]) for name in _JSON_COLUMNS if name in values}
            found.append(msgspec.convert(values, DataFile))
        return found

    def shapes(self) -> list[Shape]:
        """All known shapes."""
        rows = self._db.execute("SELECT number, fields FROM shapes ORDER BY number")
        return [Shape(number, tuple(msgspec.json.decode(fields))) for number, fields in rows]

    def erasures(self) -> list[PendingErasure]:
        """The erasures that files may not reflect yet."""
        records = erased_records(self._db)
        rows = self._db.execute("SELECT position, number, salt, digests FROM erasures ORDER BY position")
        return [
            PendingErasure(position, number, salt, msgspec.json.decode(digests), records.get(position, {}))
            for position, number, salt, digests in rows
        ]

    def erased(self) -> list[tuple[float, str, list[str]]]:
        """The erasures that all files reflect: when that was, in seconds since the epoch, their salts and digests."""
        rows = self._db.execute("SELECT at, salt, digests FROM erased")
        return [(at, salt, msgspec.json.decode(digests)) for at, salt, digests in rows]

    def forget_erased(self, before: float) -> None:
        """Forget the erasures that all files reflected before a time."""
        with self._transaction():
            self._db.execute("DELETE FROM erased WHERE at < ?", (before,))

    def add(
        self,
        files: Iterable[DataFile],
        progress: Progress,
        shapes: Iterable[Shape],
        erasures: Collection[PendingErasure] = (),
        numbers: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Add the files with all records up to a position, and what they rest on: all or nothing."""
        with self._transaction():
            self._put_files(files)
            self._put_progress(progress)
            self._db.executemany(
                "INSERT OR REPLACE INTO shapes VALUES (?, ?)",
                [(shape.number, _text(shape.fields)) for shape in shapes],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO erasures VALUES (?, ?, ?, ?)",
                [(*each[:3], _text(each.digests)) for each in erasures],
            )
            put_erased_records(self._db, {each.position: each.records for each in erasures})
            self._db.executemany("INSERT OR REPLACE INTO record_numbers VALUES (?, ?)", numbers.items())

    def record_numbers(self) -> dict[str, int]:
        """The number of the newest record in files, or of a start after it, by kind; of events only imported ones."""
        return dict(self._db.execute("SELECT kind, number FROM record_numbers"))

    def digests(self) -> dict[tuple[str, int], int]:
        """The digests of the buckets of numbers that are in files, by kind and start."""
        rows = self._db.execute("SELECT kind, start, digest FROM buckets")
        return {(kind, start): digest for kind, start, digest in rows}

    def add_numbers(self, files: Iterable[DataFile], digests: Mapping[tuple[str, int], int]) -> None:
        """Add files of numbers, and the digests of the buckets in them: all or nothing."""
        with self._transaction():
            self._put_files(files)
            rows = [(*key, digest) for key, digest in digests.items()]
            self._db.executemany("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?)", rows)

    def forget_digests(self, oldest: Mapping[str, int]) -> None:
        """Forget the digests of buckets before these starts, by kind."""
        with self._transaction():
            self._db.executemany("DELETE FROM buckets WHERE kind = ? AND start < ?", oldest.items())

    def replace(self, gone: Iterable[DataFile], files: Iterable[DataFile], erased_to: int | None = None) -> None:
        """Replace some files by others: all or nothing. With `erased_to`, erasures up to that position are done."""
        with self._transaction():
            self._db.executemany("DELETE FROM files WHERE name = ?", [(file.name,) for file in gone])
            self._put_files(files)
            if erased_to is not None:
                self._db.execute(
                    "INSERT INTO erased SELECT ?, salt, digests FROM erasures WHERE position <= ?",
                    (time.time(), erased_to),
                )
                self._db.execute("DELETE FROM erasures WHERE position <= ?", (erased_to,))
                self._db.execute("DELETE FROM erased_records WHERE position <= ?", (erased_to,))

    def set_damage(self, file: DataFile, damage: str | None) -> None:
        """Note why a file is left out; None if it is sound again."""
        with self._transaction():
            self._db.execute("UPDATE files SET damage = ? WHERE name = ?", (damage, file.name))

    def _put_files(self, files: Iterable[DataFile]) -> None:
        names = DataFile.__struct_fields__
        self._db.executemany(
            f"INSERT INTO files VALUES ({', '.join('?' * len(names))})",  # nosec
            [[_column(name, getattr(file, name)) for name in names] for file in files],
        )

    def _put_progress(self, progress: Progress) -> None:
        self._db.execute("INSERT OR REPLACE INTO progress VALUES (1, ?, ?, ?)", progress)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _column(name: str, value: Any) -> Any:
    if value is None or name not in _JSON_COLUMNS:
        return value
    return _text(sorted(value) if isinstance(value, frozenset) else value)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(text: str | None) -> object:
    return None if text is None else msgspec.json.decode(text)
