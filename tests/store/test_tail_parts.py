"""Large parts of the tail are read where they are in memory, without a table, and written from there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import duckdb
import msgspec
import pytest
from msgspec import Raw

from analytics.filters.sql_quoting import quoted_text
from analytics.kinds import LOGS
from analytics.log_lines import NewLogLine
from analytics.records import NewEvent
from analytics.store.files import writer
from analytics.store.files.checking import quick_damage
from analytics.store.files.figures import EventFigures, figures_by_day
from analytics.store.files.layout import SORTED_BY
from analytics.store.files.manifest import DataFile
from analytics.store.options import StoreOptions
from analytics.store.process import catalog
from analytics.store.process.decoding import decoded_events
from analytics.store.process.engine import DuckEngine
from analytics.store.process.events_sql import ErasedUsers
from analytics.store.process.opening import OpenStore, open_store
from analytics.store.process.question import Question
from analytics.store.process.tail import OWN_ROWS
from analytics.store.sql.operation import run_sql

NOW = 1_790_000_000 * 10**6
DAY = 86_400 * 10**6
SERVICES = ["shop", "it's", "Käse \U0001f600"]
USERS = ["ann", "böb", None]
"""Of the events, one after the other."""
DATA = [b'{"total":%d.50,"name":"a \\"b\\" %d"}', b'{"path":"/%d","line\\nend":%d}', b'{"total":%d,"total":%d}']
"""Data with two fields, with a name that is no column, and with a name that comes twice."""


@pytest.fixture
def engine(tmp_path: Path) -> DuckEngine:
    return DuckEngine(tmp_path / "engine", 128 << 20, 1)


@pytest.fixture
def store(tmp_path: Path, engine: DuckEngine) -> Iterator[OpenStore]:
    """An empty store without a process."""
    store = open_store(StoreOptions(str(tmp_path), seconds=3_600.0), engine)
    yield store
    store.manifest.close()
    store.lock.release()


def event(number: int, kind: int) -> NewEvent:
    return NewEvent("view", SERVICES[number % 3], USERS[number % 3], data=Raw(DATA[kind] % (number, number)))


def add(store: OpenStore, count: int, kind: int = 0) -> list[tuple[Any, ...]]:
    """Add events to the tail; returns their rows."""
    tail = store.tail
    with tail.lock:
        first = tail.open.number + 1
        numbers = range(first, first + count)
        made = [event(number, kind) for number in numbers]
        times = [NOW - number % 5 for number in numbers]
        body = msgspec.json.encode(made)
        tail.open.add(decoded_events(body), numbers, [f"e{number}" for number in numbers], times, NOW, store.shapes)
        tail.open.last, tail.open.number = tail.open.last + 1, first + count - 1
    return [
        (number, f"e{number}", one.service, one.user_id, bytes(one.data).decode())
        for number, one in zip(numbers, made, strict=True)
    ]


def read(store: OpenStore, engine: DuckEngine) -> list[tuple[Any, ...]]:
    with store.catalog.view() as view, engine.lend() as connection:
        view.show(connection)
        query = f"SELECT seq, id, service, user_id, data FROM {view.events()} ORDER BY seq"
        return connection.execute(query).fetchall()


def large_parts(store: OpenStore) -> list[str]:
    return [part.name for part in store.tail.open.parts if part.rows is not None]


def test_large_and_small_parts_are_read_as_one_and_written(store: OpenStore, engine: DuckEngine) -> None:
    rows = add(store, OWN_ROWS) + add(store, 100, 1) + add(store, 60)
    assert read(store, engine) == rows
    rows += add(store, OWN_ROWS, 2) + add(store, 70, 2)
    assert read(store, engine) == rows
    assert len(large_parts(store)) == 2
    rows += add(store, 1)  # which no question has seen
    store.keeper.flusher.flush()
    assert store.tail.rows == 0
    assert sum(file.rows for file in store.catalog.of_events()) == len(rows)
    assert read(store, engine) == rows


class FullOnce:
    """A connection that has no memory for one statement, which begins like this."""

    def __init__(self, connection: Any, statement: str) -> None:
        self._connection, self._statement = connection, statement
        self.is_full = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str) -> Any:
        if self.is_full and statement.startswith(self._statement):
            self.is_full = False
            raise duckdb.OutOfMemoryException("no memory")
        return self._connection.execute(statement)


@pytest.mark.parametrize("statement", ["CREATE TABLE", "ALTER TABLE", "INSERT"])
def test_events_wait_on_where_there_is_no_memory_for_them(store: OpenStore, engine: DuckEngine, statement: str) -> None:
    rows = add(store, 60)
    full = FullOnce(engine.connect(), statement)
    store.tail._connection = cast(Any, full)
    with pytest.raises(duckdb.OutOfMemoryException):
        store.tail.settle()
    assert not full.is_full
    assert store.tail.open.waiting == 60
    rows += add(store, 10)
    assert read(store, engine) == rows
    assert store.tail.open.waiting == 0
    store.keeper.flusher.flush()
    assert read(store, engine) == rows


@pytest.mark.parametrize(("count", "statement"), [(10, "CREATE TABLE"), (10, "INSERT"), (2_000, "CREATE TABLE")])
def test_log_lines_wait_on_where_there_is_no_memory_for_them(
    store: OpenStore, engine: DuckEngine, count: int, statement: str
) -> None:
    lines = store.tail.open.records[LOGS.name]
    lines.add([NewLogLine("shop", f"line {number}") for number in range(count)], "l-", NOW / 1e6, 0)
    store.tail._connection = cast(Any, FullOnce(engine.connect(), statement))
    with pytest.raises(duckdb.OutOfMemoryException):
        store.tail.settle()
    assert lines.waiting == count
    store.tail.settle()
    (table,) = lines.tables
    assert engine.connect().execute(f"SELECT count(*) FROM {table}").fetchall() == [(count,)]
    assert lines.waiting == 0


def test_a_view_does_not_read_parts_that_came_later(store: OpenStore, engine: DuckEngine) -> None:
    rows = add(store, OWN_ROWS)
    with store.catalog.view() as view, engine.lend() as connection:
        view.show(connection)
        add(store, OWN_ROWS)
        store.tail.settle()
        assert len(large_parts(store)) == 2
        assert connection.execute(f"SELECT count(*) FROM {view.events()}").fetchall() == [(len(rows),)]


def test_a_part_is_read_while_it_is_written_and_dropped(store: OpenStore, engine: DuckEngine) -> None:
    rows = add(store, OWN_ROWS) + add(store, 10)
    with store.catalog.view() as view, engine.lend() as connection:
        view.show(connection)
        store.keeper.flusher.flush()
        assert store.tail.rows == 0
        assert connection.execute(f"SELECT count(*) FROM {view.events()}").fetchall() == [(len(rows),)]


def test_erased_users_are_not_read_nor_written(store: OpenStore, engine: DuckEngine) -> None:
    rows = [row for row in add(store, OWN_ROWS) if row[3] != "böb"]
    store.catalog.erase(ErasedUsers(frozenset({"böb"}), OWN_ROWS, 1))
    assert read(store, engine) == rows
    store.keeper.flusher.flush()
    assert sum(file.rows for file in store.catalog.of_events()) == len(rows)


def test_sql_reads_them(store: OpenStore, engine: DuckEngine) -> None:
    rows = add(store, OWN_ROWS)
    with store.catalog.view() as view, engine.lend() as connection:
        view.show(connection)
        args = {"sql": "SELECT count(*), count(user_id) FROM events", "limit": 1, "seconds": 30.0}
        answer = b"".join(run_sql(Question(view, connection, args, lambda query: None)))
    assert msgspec.json.decode(answer)["rows"] == [[len(rows), sum(row[3] is not None for row in rows)]]


def test_a_file_that_is_replaced_while_sizes_are_checked_is_not_missing(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, 10)
    store.keeper.flusher.flush()
    found: list[str | None] = []

    def meanwhile(folder: Path, file: DataFile) -> str | None:
        store.catalog.replace([file], [])
        found.append(quick_damage(folder, file))
        return found[-1]

    (file,) = store.catalog.of_events()
    monkeypatch.setattr(catalog, "quick_damage", meanwhile)
    store.catalog.check_sizes()
    assert found == [None]
    assert not (store.catalog.folder / file.name).exists()


@pytest.mark.parametrize("many", [2, 100])
def test_merged_files_are_sorted(
    store: OpenStore, engine: DuckEngine, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MANY_NAMES", many)
    rows = []
    for _ in range(4):
        rows += add(store, 50)
        store.keeper.flusher.flush()
    store.keeper._rewriter.merge(today=NOW // DAY)
    (file,) = store.catalog.of_events()
    read_file = f"SELECT seq FROM read_parquet({quoted_text(str(store.catalog.folder / file.name))})"
    connection = engine.connect()
    connection.execute("SET SESSION preserve_insertion_order = true")
    stored = connection.execute(read_file).fetchall()
    assert stored == connection.execute(f"{read_file} ORDER BY {SORTED_BY}").fetchall()
    assert figures_by_day(connection, read_file.removeprefix("SELECT seq FROM "))[file.day] == EventFigures(
        file.rows,
        file.first_seq,
        file.last_seq,
        file.since,
        file.until,
        frozenset(SERVICES) if file.services is None else file.services,
        frozenset({"view"}) if file.types is None else file.types,
        file.shapes,
        file.counts,
    )
    assert read(store, engine) == rows
