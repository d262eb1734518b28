"""Names of files: none is given to a new file while a question still reads the old one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from analytics.records import NewEvent
from analytics.store.files.layout import next_revision
from analytics.store.files.writer import FileWriter
from analytics.store.history.batch import HistoryBatch
from analytics.store.options import StoreOptions
from analytics.store.process.engine import DuckEngine
from analytics.store.process.events_sql import ErasedUsers
from analytics.store.process.opening import OpenStore, open_store
from tests.store.test_history_rows import MIDNIGHT


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckEngine:
    return DuckEngine(tmp_path_factory.mktemp("engine"), 128 << 20, 1)


@contextmanager
def opened(folder: Path, engine: DuckEngine, days: int = 400) -> Iterator[OpenStore]:
    """A store without a process."""
    store = open_store(StoreOptions(str(folder), days=days), engine)
    try:
        yield store
    finally:
        store.manifest.close()
        store.lock.release()


def bring(store: OpenStore, count: int = 3, days: float = 5) -> None:
    """Bring events of a day in."""
    at = MIDNIGHT - timedelta(days=days)
    events = [NewEvent("view", "shop", None, at, f"old{number}", msgspec.Raw(b"{}")) for number in range(count)]
    history, body = store.history, b"\n".join(map(msgspec.json.encode, events))
    lock = history._catalog.tail.lock
    history._waiting = [HistoryBatch(body, at.timestamp(), history.oldest_day, history._shapes, lock)]
    store.history.write()


def numbers(store: OpenStore, engine: DuckEngine) -> list[int]:
    with store.catalog.view() as view:
        rows = engine.connect().execute(f"SELECT seq FROM {view.events()} ORDER BY seq").fetchall()
    return [number for (number,) in rows]


def delete_all(store: OpenStore) -> None:
    files = store.catalog.of_events()
    store.manifest.replace(files, [])
    store.catalog.replace(files, [])


def names_and_paths(store: OpenStore) -> tuple[set[str], set[str]]:
    """The names in the manifest, and those of files."""
    folder = store.catalog.folder
    return {file.name for file in store.manifest.files()}, {
        str(path.relative_to(folder)) for path in folder.rglob("*.parquet")
    }


def test_events_that_are_brought_in_again_while_they_are_read_stay(tmp_path: Path, engine: DuckEngine) -> None:
    with opened(tmp_path, engine) as store:
        bring(store)
        with store.catalog.view():
            delete_all(store)
            bring(store)
        named, there = names_and_paths(store)
        assert len(named) == 1
        assert named == there
        assert numbers(store, engine) == [4, 5, 6]


def test_the_number_of_an_imported_event_is_never_given_again(tmp_path: Path, engine: DuckEngine) -> None:
    with opened(tmp_path, engine) as store:
        bring(store)
        delete_all(store)
    with opened(tmp_path, engine) as store:
        bring(store)
        assert numbers(store, engine) == [4, 5, 6]


def test_after_an_earlier_version_numbers_go_on_after_those_in_files(tmp_path: Path, engine: DuckEngine) -> None:
    with opened(tmp_path, engine) as store:
        bring(store)
        store.manifest._db.execute("DELETE FROM record_numbers")
        store.manifest._db.execute("UPDATE files SET last_seq = 1 << 41")  # merged with events of the log
    with opened(tmp_path, engine) as store:
        bring(store, days=6)
        assert numbers(store, engine) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("kind", ["events/day=2024-01-01/0-1-9", "logs/day=2024-01-01/0-1-9", "minutes/day=1/1-9"])
def test_a_new_file_does_not_replace_another(tmp_path: Path, kind: str) -> None:
    writer, names = FileWriter(tmp_path), []
    for text in ("first", "second", "third"):
        with writer.finished(f"{kind}-1.0.parquet") as file:
            file._path.write_text(text)
        names.append(file.name)
    assert names == [f"{kind}-1.{revision}.parquet" for revision in range(3)]
    assert [(tmp_path / name).read_text() for name in names] == ["first", "second", "third"]
    assert next_revision(names[1]) == names[2]


def test_events_are_brought_in_while_erased_users_are_looked_for(tmp_path: Path, engine: DuckEngine) -> None:
    with opened(tmp_path, engine) as store:
        store.catalog.erase(ErasedUsers(frozenset(), 2**41, 5, searching=frozenset({"events"})))
        bring(store)
        assert len(store.catalog.of_events()) == 1
