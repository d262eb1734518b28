"""A view: the files and tail tables that make up the records at one moment, as a source of questions."""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analytics.clock import HOUR_SECONDS
from analytics.filters.sql_quoting import quoted_text
from analytics.kinds import EVENTS
from analytics.store.files.hour_counts import HourCounts, decoded_counts
from analytics.store.files.letters import together
from analytics.store.files.manifest import DataFile
from analytics.store.files.shapes import Shape
from analytics.store.numbers.relation import Span, cells_sql
from analytics.store.numbers.tail import CellTail, tail_table
from analytics.store.process.events_sql import (
    ErasedUsers,
    Relation,
    containing,
    events_sql,
    is_searched,
    known_records,
    searched_columns,
)
from analytics.store.process.pruning import is_within, overlaps
from analytics.store.process.question import StillSearching
from analytics.store.process.tail import TailPart, TailTable, show
from analytics.store.records.erased import ErasedRows
from analytics.store.records.layout import RecordLayout
from analytics.store.records.relation import reading
from analytics.store.source import ALL_EVENTS, EVENT_COLUMNS, EventSpan, Extent, KnownCounts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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
    counted: EventSpan | None = None
    """A time whose events are left out where the manifest has their counts."""

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
        self._refuse_while_searching()
        return events_sql(self._relations(span, texts), fields, self.erased, texts, columns)

    def known_counts(self, first: int, end: int) -> KnownCounts:
        """See `EventSource.known_counts`.

        Raises:
            StillSearching: the users that were erased are not all known yet.
        """
        self._refuse_while_searching()
        if first >= end:
            return KnownCounts((), self)
        others = self._replace(counted=EventSpan(first * HOUR_SECONDS, end * HOUR_SECONDS))
        return KnownCounts(list(others._counts(first, end)), others)

    def _counts(self, first: int, end: int) -> Iterator[HourCounts]:
        for file in self.files:
            if self._is_counted(file) and file.counts is not None:
                for of_file in decoded_counts(file.counts):
                    counts = of_file.between(first, end)
                    if any(counts.counts):
                        yield counts

    def _is_counted(self, file: DataFile) -> bool:
        """Whether the counts of a file stand for its events in the time that is counted, of which it may have some."""
        if self.counted is None or file.counts is None or not overlaps(file, self.counted):
            return False
        return not any(each.users and file.first_seq <= each.number for each in self.erased)

    def _refuse_while_searching(self) -> None:
        if is_searched(self.erased, EVENTS.name):
            raise StillSearching(EVENTS.name)

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
        for file, where in self._read_files(span):
            searched = searched_columns(self._shapes_of(file.shapes), texts, file.letters) if texts else []
            groups.setdefault((where, file.shapes, *map(tuple, searched)), []).append(file)
        relations = [self._relation(files, str(where)) for (where, *_), files in groups.items()]
        for part in self.parts:
            where = f"seq <= {self.number}" + (f" AND {time_sql}" if span.is_strict else "")  # more may come
            shapes, letters = self._shapes_of(sorted(part.shapes)), part.letters.letters()
            relations.append(Relation(part.name, shapes, 0 in part.shapes, letters, where))
        return [containing(relation, span.contained) for relation in relations]

    def _read_files(self, span: EventSpan) -> Iterator[tuple[DataFile, str]]:
        """The files that are read for a span, each with the condition for its rows."""
        for file in self.files:
            if not overlaps(file, span):
                continue
            times = [span.time_sql()] if span.is_strict and not is_within(file, span) else []
            if self.counted is not None and self._is_counted(file):
                if is_within(file, self.counted):
                    continue
                times.append(f"NOT ({self.counted.time_sql()})")
            yield file, " AND ".join(times) or "true"

    def extents(self, span: EventSpan) -> list[Extent]:
        """See `EventSource.extents`."""
        found = [
            Extent(
                file.first_seq, file.last_seq, math.floor(file.since * 1e6), math.ceil(file.until * 1e6) + 1, file.rows
            )
            for file, _ in self._read_files(span)
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
