"""The catalog: which files and tail tables make up the events now; all readers see each change of it at once."""

import logging
import math
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from analytics.filters.sql_quoting import quoted_text
from analytics.kinds import EVENTS
from analytics.store.files.checking import damage_of, quick_damage
from analytics.store.files.layout import EVENTS_FOLDER, LAYOUT_VERSION
from analytics.store.files.letters import together
from analytics.store.files.manifest import DataFile, Manifest
from analytics.store.files.shapes import Shape, Shapes
from analytics.store.numbers.layout import NUMBER_KINDS
from analytics.store.numbers.relation import Span, cells_sql
from analytics.store.numbers.tail import CellTail, tail_table
from analytics.store.process.events_sql import (
    ErasedUsers,
    Relation,
    events_sql,
    is_searched,
    known_records,
    searched_columns,
)
from analytics.store.process.pins import Pins
from analytics.store.process.pruning import is_within, overlaps
from analytics.store.process.question import StillSearching
from analytics.store.process.tail import Tail, TailPart, TailTable, show
from analytics.store.records.erased import ErasedRows
from analytics.store.records.layout import RECORD_LAYOUTS, RecordLayout
from analytics.store.records.relation import reading
from analytics.store.source import ALL_EVENTS, EVENT_COLUMNS, EventSpan, Extent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

logger = logging.getLogger(__name__)


class View(NamedTuple):
    """The records at one moment; an `EventSource`."""

    folder: Path
    files: Sequence[DataFile]
    tables: Sequence[TailTable]
    shapes: dict[int, Shape]
    erased: Sequence[ErasedUsers]
    number: int
    numbers: Sequence[DataFile] = ()
    cells: CellTail | None = None
    records: Sequence[DataFile] = ()
    """Of log lines and spans."""
    parts: Sequence[TailPart] = ()
    """Of the tables."""

    def sources_of(self, layout: RecordLayout) -> list[str]:
        """SQL of files and tables of the log lines or spans as they are stored, erased ones among them."""
        files = [reading(self.folder, [file]) for file in self.records if file.kind == layout.kind]
        return [*files, *(name for table in self.tables for name in table.records[layout.kind].tables)]

    @property
    def all_files(self) -> list[DataFile]:
        """The files of all kinds."""
        return [*self.files, *self.numbers, *self.records]

    def erased_records(self, kind: str) -> list[ErasedRows]:
        """The records of a kind that were erased.

        Raises:
            StillSearching: they are not all known yet.
        """
        if is_searched(self.erased, kind):
            raise StillSearching(kind)
        return known_records(self.erased, kind)

    def cells_of(self, kind: str, where: str = "true", span: Span | None = None) -> str:
        """SQL of a subquery of the cells of a kind of numbers for which `where` holds: see `cells_sql`."""
        files = [file for file in self.numbers if file.kind == kind]
        held = None if self.cells is None else self.cells.span(kind)
        return cells_sql(self.folder, files, None if held is None else (tail_table(kind), held), where, span)

    def events(
        self,
        fields: Sequence[str] = (),
        span: EventSpan = ALL_EVENTS,
        texts: Sequence[str] = (),
        columns: Collection[str] = EVENT_COLUMNS,
    ) -> str:
        """See `EventSource.events`.

        Raises:
            StillSearching: the users that were erased are not all known yet.
        """
        if is_searched(self.erased, EVENTS.name):
            raise StillSearching(EVENTS.name)
        return events_sql(self._relations(span, texts), fields, self.erased, texts, columns)

    def show(self, connection: "DuckDBPyConnection") -> None:
        """Let a connection know the rows that are in no table of DuckDB, before it is asked for any."""
        show(self.parts, connection)

    def without_tail(self) -> "View":
        """Those in files alone."""
        return self._replace(tables=(), parts=())

    def known(self) -> "View":
        """The same, with the events of users that are still looked for."""
        return self._replace(erased=[each for each in self.erased if EVENTS.name not in each.searching])

    def users_up_to(self, number: int) -> str:
        """SQL of a subquery of the `user_id` of all events up to a number, and of those whose users are looked for."""
        events = self.known().events(columns=("seq", "user_id"))
        return f"(SELECT user_id FROM {events} WHERE seq <= {number})"

    def _relations(self, span: EventSpan, texts: Sequence[str]) -> list[Relation]:
        groups: dict[tuple[object, ...], list[DataFile]] = {}
        time_sql = span.time_sql()
        for file in self.files:
            if overlaps(file, span):
                searched = searched_columns(self._shapes_of(file.shapes), texts, file.letters) if texts else []
                where = time_sql if span.is_strict and not is_within(file, span) else "true"
                groups.setdefault((where, file.shapes, *map(tuple, searched)), []).append(file)
        relations = [self._relation(files, str(where)) for (where, *_), files in groups.items()]
        for part in self.parts:
            where = f"seq <= {self.number}" + (f" AND {time_sql}" if span.is_strict else "")  # more may come
            shapes, letters = self._shapes_of(sorted(part.shapes)), part.letters.letters()
            relations.append(Relation(part.name, shapes, 0 in part.shapes, letters, where))
        return relations

    def extents(self, span: EventSpan) -> list[Extent]:
        """See `EventSource.extents`."""
        found = [
            Extent(
                file.first_seq, file.last_seq, math.floor(file.since * 1e6), math.ceil(file.until * 1e6) + 1, file.rows
            )
            for file in self.files
            if overlaps(file, span)
        ]
        number, time = 0, 0
        for file in self.files:
            number, time = max(number, file.last_seq), max(time, math.ceil(file.until * 1e6))
        rows = sum(table.rows for table in self.tables)
        return [*found, Extent(number + 1, max(number + 1, self.number), time, time + 1, rows)] if rows else found

    def _relation(self, files: Sequence[DataFile], where: str) -> Relation:
        """Files with the same shapes."""
        shapes, letters = files[0].shapes, together(file.letters for file in files)
        day = f"{[file.day for file in files]}[(file_index + 1)::BIGINT]"
        return Relation(self._read(files), self._shapes_of(shapes), 0 in shapes, letters, where, day)

    def _read(self, files: Iterable[DataFile]) -> str:
        paths = ", ".join(quoted_text(str(self.folder / file.name)) for file in files)
        return f"read_parquet([{paths}], hive_partitioning = false)"

    def _shapes_of(self, numbers: Iterable[int]) -> list[Shape]:
        return [self.shapes[number] for number in numbers if number]


class FileCatalog:
    """Knows the files of the manifest and the tables of the tail.

    Args:
        folder: of the store.
        cells: the tail of the numbers.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, tail: Tail, shapes: Shapes, pins: Pins, cells: CellTail
    ) -> None:
        self.folder, self.manifest, self.tail = folder, manifest, tail
        self._shapes, self._pins, self.cells = shapes, pins, cells
        self.lock = threading.RLock()
        self.files: list[DataFile] = manifest.files()
        self.erased: list[ErasedUsers] = []
        self._waiting = frozenset[int]()

    @contextmanager
    def view(self) -> Iterator[View]:
        """The events as of now; they stay as they are inside of the context."""
        with self.lock, self.tail.lock:
            self.tail.settle()
            files = [file for file in self.files if is_readable(file)]
            tables = [*self.tail.frozen, self.tail.open]
            events = [file for file in files if file.kind == EVENTS_FOLDER]
            numbers = [file for file in files if file.kind in NUMBER_KINDS]
            records = [file for file in files if file.kind in RECORD_LAYOUTS]
            now = (self._shapes.by_number, list(self.erased), self.tail.open.number)
            parts = [part for table in tables for part in table.parts]  # later ones are not known to a connection
            view = View(self.folder, events, tables, *now, numbers, self.cells, records, parts)
            held = self._pins.held([*files, *tables])
            held.__enter__()
        try:
            yield view
        finally:
            held.__exit__(None, None, None)

    def replace(self, gone: Sequence[DataFile], files: Sequence[DataFile], tables: Sequence[TailTable] = ()) -> None:
        """Show some files in place of others and of tail tables; the manifest says so already."""
        names = {file.name for file in gone}
        with self.lock, self.tail.lock:
            self.files = [file for file in self.files if file.name not in names] + list(files)
            self.tail.frozen = [table for table in self.tail.frozen if table not in tables]
        self._pins.give_up([*gone, *tables])

    def exchange(self, gone: Sequence[DataFile], made: Sequence[DataFile]) -> None:
        """Replace some files by others, also in the manifest; if that fails, those that were made are deleted."""
        try:
            self.manifest.replace(gone, made)
        except BaseException:
            for file in made:
                (self.folder / file.name).unlink(missing_ok=True)
            raise
        self.replace(gone, made)

    def of_events(self) -> list[DataFile]:
        """The files of events."""
        return [file for file in self.files if file.kind == EVENTS_FOLDER]

    def of_numbers(self) -> list[DataFile]:
        """The files of numbers."""
        return [file for file in self.files if file.kind in NUMBER_KINDS]

    def of_records(self) -> list[DataFile]:
        """The files of log lines and spans."""
        return [file for file in self.files if file.kind in RECORD_LAYOUTS]

    def leave_out(self, damaged: Sequence[tuple[DataFile, str]]) -> bool:
        """Leave out damaged files from now on; returns whether there are any."""
        for file, reason in damaged:
            logger.error("a file of the store is damaged and left out", extra={"file": file.name, "reason": reason})
        self._set_damage(damaged)
        return bool(damaged)

    def check_sizes(self) -> None:
        """Leave out files whose size is not what the manifest says."""
        with ExitStack() as stack:
            with self.lock:
                sound = [file for file in self.files if file.damage is None]
                stack.enter_context(self._pins.held(sound))  # those that are replaced meanwhile are not missing
            found = ((file, quick_damage(self.folder, file)) for file in sound)
            self.leave_out([(file, reason) for file, reason in found if reason is not None])

    def take_back(self) -> None:
        """Read damaged files again that were put back; at the start alone, as they may have erased records."""
        for file in [file for file in self.files if file.damage is not None]:
            if damage_of(self.folder, file) is None:
                self._set_damage([(file, None)])

    def _set_damage(self, found: Sequence[tuple[DataFile, str | None]]) -> None:
        for file, reason in found:
            self.manifest.set_damage(file, reason)
        reasons = {file.name: reason for file, reason in found}
        with self.lock:
            self.files = [
                msgspec.structs.replace(file, damage=reasons[file.name]) if file.name in reasons else file
                for file in self.files
            ]

    def erase(self, erased: ErasedUsers) -> None:
        """Leave out the records of some users from now on."""
        with self.lock:
            self.erased = [*self.erased, erased]

    def replace_erased(self, before: ErasedUsers, erased: ErasedUsers) -> None:
        """Leave out what an erasure is about as more of it is known."""
        with self.lock:
            self.erased = [erased if each is before else each for each in self.erased]

    def erased_records(self, kind: str) -> list[ErasedRows]:
        """The log lines or spans that were erased, as far as they are known."""
        return known_records(self.erased, kind)

    def forget_erased(self, erased: Sequence[ErasedUsers], *, is_complete: bool) -> None:
        """No tail has records of these any more, and no file; unless it is complete, no file that is read."""
        with self.lock:
            self.erased = [each for each in self.erased if each not in erased]
            self._waiting = frozenset() if is_complete else frozenset(each.position for each in erased)

    def erasing(self) -> int:
        """How many erasures are not complete in all files, those among them that wait for files that are left out."""
        with self.lock:
            return len({each.position for each in self.erased} | self._waiting)


def is_readable(file: DataFile) -> bool:
    """Whether questions read a file."""
    return file.damage is None and file.layout <= LAYOUT_VERSION
