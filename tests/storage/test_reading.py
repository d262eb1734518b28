"""Reading: one instant of a database, without leaving a trace in it."""

import sqlite3
from pathlib import Path

import pytest

from analytics.errors import CannotStore
from analytics.storage import reading
from analytics.storage.inspection import inspect
from analytics.storage.reading import read_only, sizes
from tests.storage import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return made.closed(tmp_path / "analytics.db")


def count(db: sqlite3.Connection) -> int:
    ((records,),) = db.execute("SELECT sum(records) FROM journal")
    return int(records)


def test_it_stays_at_its_instant_and_cannot_write(tmp_path: Path) -> None:
    owner = made.database(tmp_path / "analytics.db")
    with read_only(tmp_path / "analytics.db") as db:
        before = count(db)
        owner.append([made.row(41)])
        assert count(db) == before
    with pytest.raises(CannotStore, match="attempt to write a readonly database"), read_only(owner.path) as db:
        db.execute("DELETE FROM journal")
    with read_only(owner.path) as db:
        assert count(db) == before + 2
    assert set(sizes(tmp_path / "analytics.db")) == {"analytics.db", "analytics.db-wal", "analytics.db-shm"}
    owner.close()


def test_where_nothing_may_be_written_nothing_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.os, "access", lambda *_: False)
    assert inspect(path).damage == []
    assert [each.name for each in path.parent.iterdir()] == ["analytics.db"]


def test_what_is_taken_into_use_there_meanwhile_is_to_be_read_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.os, "access", lambda *_: False)
    with pytest.raises(CannotStore, match="was taken into use while it was read: try again"), read_only(path):
        path.with_name("analytics.db-wal").touch()
