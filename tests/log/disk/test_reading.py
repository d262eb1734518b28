"""Reading: a connection sees one instant of a database, and does not change it."""

import sqlite3
from pathlib import Path

import pytest

from analytics.config import Settings
from analytics.errors import CannotStore
from analytics.log.disk import reading
from analytics.log.disk.check import check_store
from analytics.log.disk.inspection import inspect
from analytics.log.disk.reading import read_only, sizes
from tests.log.disk import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made.closed(tmp_path / "analytics.db")


def count(db: sqlite3.Connection) -> int:
    ((records,),) = db.execute("SELECT sum(records) FROM journal")
    return int(records)


def test_a_reader_sees_one_instant_and_cannot_write(tmp_path: Path) -> None:
    owner = made.database(tmp_path / "analytics.db")
    with read_only(tmp_path / "analytics.db") as db:
        before = count(db)
        owner.append([made.entry(41)])
        assert count(db) == before
    with pytest.raises(CannotStore, match="attempt to write a readonly database"), read_only(owner.path) as db:
        db.execute("DELETE FROM journal")
    with read_only(owner.path) as db:
        assert count(db) == before + 2
    assert set(sizes(tmp_path / "analytics.db")) == {"analytics.db", "analytics.db-wal", "analytics.db-shm"}
    owner.close()


def test_reading_in_a_read_only_directory_creates_no_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.os, "access", lambda *_: False)
    assert inspect(path).damage == []
    assert [each.name for each in path.parent.iterdir()] == ["analytics.db"]


def test_reading_fails_if_another_process_opened_the_database_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.os, "access", lambda *_: False)
    with pytest.raises(CannotStore, match="was opened by another process meanwhile: try again"), read_only(path):
        path.with_name("analytics.db-wal").touch()


def test_an_old_sqlite_is_an_error_of_its_own_and_not_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(CannotStore, match=r"^SQLite 3\.34\.1 of this Python is too old: 3\.37\.0 or newer is needed"):
        inspect(path)
    with pytest.raises(CannotStore, match=r"^SQLite 3\.34\.1 "):
        check_store(Settings(data_dir=str(path.parent / "new")))
    assert not (path.parent / "new").exists()
    check_store(Settings(data_dir=""))
