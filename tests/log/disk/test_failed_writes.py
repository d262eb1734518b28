"""Statements that fail, or seem to: the database is reopened before the next write, and checkpoints miss nothing."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from analytics.errors import Unavailable
from analytics.kinds import EVENTS
from analytics.log.disk import checkpointer
from analytics.log.disk import log as disk_log
from analytics.log.disk.checkpointer import Checkpointer
from analytics.log.disk.database import Database
from analytics.log.disk.stored import Part
from tests.log.disk.plain_disk import Disk
from tests.state.rig import event


class Failing:
    """A connection whose `nth` statement with `word` fails, before or after it is executed."""

    def __init__(self, db: Any, word: str, nth: int = 1, *, done: bool = False) -> None:
        self._db, self._word, self._left, self._done = db, word, nth, done

    def execute(self, sql: str, *values: Any) -> Any:
        return self._run(self._db.execute, sql, *values)

    def executemany(self, sql: str, *values: Any) -> Any:
        return self._run(self._db.executemany, sql, *values)

    def _run(self, run: Callable[..., Any], sql: str, *values: Any) -> Any:
        self._left -= self._word in sql
        fails = self._word in sql and self._left == 0
        answer = None if fails and not self._done else run(sql, *values)
        if fails:
            raise sqlite3.OperationalError("disk I/O error")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


class Parts:
    """The parts of a checkpoint without a child process; `between` is called after half of them."""

    between: Callable[[], Any] = staticmethod(lambda: None)

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = list(parts)

    def parts(self) -> Iterator[Part]:
        for number, part in enumerate(self._parts):
            if number == len(self._parts) // 2:
                type(self).between()
            yield part

    def end(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_log, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(checkpointer, "_Child", Parts)
    monkeypatch.setattr(checkpointer, "PUT_BYTES", 1)
    monkeypatch.setattr(Parts, "between", staticmethod(lambda: None))


def let_fail(database: Database, word: str, nth: int = 1, *, done: bool = False) -> None:
    database._db = Failing(database._db, word, nth, done=done)  # type: ignore[assignment]


def until_recovered(disk: Disk, failed: Database) -> None:
    """Wait until the database was reopened."""
    with gevent.Timeout(20):
        while disk.log.failure is not None or disk.log.database is failed:
            gevent.sleep(0.001)


def saving(disk: Disk) -> Checkpointer:
    return Checkpointer(disk.state, disk.checkpoint, disk.log, disk.clock, disk.jobs)


def check_unchanged(directory: Path, answers: Any) -> None:
    """Check that a new start gives the same answers."""
    with Disk(directory) as disk:
        assert disk.answers() == answers


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize(
    ("word", "nth"), [("BEGIN", 1), ("INSERT INTO image", 2), ("COMMIT", 1), ("UPDATE mark", 1), ("COMMIT", -1)]
)
def test_the_next_checkpoint_includes_the_changes_of_a_failed_one(
    word: str, nth: int, done: bool, tmp_path: Path
) -> None:
    with Disk(tmp_path) as disk:
        writer = saving(disk)
        disk.record(1, 6)
        assert writer.save()
        disk.record(7, 12)
        changes = disk.checkpoint.take_unsaved()
        parts = len(list(disk.checkpoint.parts(changes)))
        disk.checkpoint.rollback(changes)
        failed = disk.log.database
        let_fail(failed, word, nth if nth > 0 else parts + 1, done=done)
        assert not writer.save()
        until_recovered(disk, failed)
        disk.record(13, 15)
        assert writer.save()
        disk.record(16, 18)
        answers = disk.answers()
    check_unchanged(tmp_path, answers)


def test_a_checkpoint_fails_if_the_database_is_reopened_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Disk(tmp_path) as disk:
        writer = saving(disk)
        disk.record(1, 6)
        failed = disk.log.database

        def between() -> None:
            let_fail(failed, "INSERT INTO journal")
            with pytest.raises(Unavailable):
                disk.recorder.record(EVENTS, event(id="refused"))
            until_recovered(disk, failed)

        monkeypatch.setattr(Parts, "between", staticmethod(between))
        assert not writer.save()
        monkeypatch.setattr(Parts, "between", staticmethod(lambda: None))
        assert disk.log.failure is None
        disk.record(7, 9)
        assert writer.save()
        answers = disk.answers()
    check_unchanged(tmp_path, answers)


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_a_refused_record_counts_once_when_it_is_sent_again(done: bool, tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        disk.record(1, 3)
        failed = disk.log.database
        let_fail(failed, "INSERT INTO journal", done=done)
        for _ in range(2):  # the second one does not reach the disk
            with pytest.raises(Unavailable, match="the journal cannot be written"):
                disk.recorder.record(EVENTS, event(id="again"))
        assert disk.ids().keys() == {"e1", "e2", "e3"}
        until_recovered(disk, failed)
        assert not disk.recorder.record(EVENTS, event(id="again")).duplicate
        assert disk.recorder.record(EVENTS, event(id="again")).duplicate
        answers = disk.answers()
        assert disk.ids()["again"] == 1
    check_unchanged(tmp_path, answers)


def test_relaxed_entries_are_written_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_log, "RELAXED_SECONDS", 0.001)
    with Disk(tmp_path, "relaxed") as disk:
        failed = disk.log.database
        let_fail(failed, "INSERT INTO journal", done=True)
        disk.record(1, 9)
        until_recovered(disk, failed)
        disk.record(10, 12)
        answers = disk.answers()
    check_unchanged(tmp_path, answers)


def test_nothing_is_written_between_a_failure_and_reopening(tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        disk.record(1, 1)
        failed = disk.log.database
        let_fail(failed, "wal_checkpoint")
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            failed.checkpoint_wal()
        with pytest.raises(sqlite3.OperationalError, match="an earlier write failed"):
            failed.append([])
        with pytest.raises(Unavailable, match="an earlier write failed"):
            disk.recorder.record(EVENTS, event(id="refused"))
        until_recovered(disk, failed)
        disk.record(2, 2)
        assert disk.ids().keys() == {"e1", "e2"}


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A service with the event `a` that checks its database file all the time."""
    monkeypatch.setattr(checkpointer, "CHECK_SECONDS", 0.001)
    (tmp_path / "data").mkdir()
    with Disk(tmp_path / "data") as disk:
        disk.recorder.record(EVENTS, event(id="a"))
        looking = saving(disk)
        looking.start(disk.mark, 0)
        yield disk
        looking.stop()


def until_refused(disk: Disk, match: str) -> None:
    """Wait until requests are refused for a reason."""
    with gevent.Timeout(20):
        while match not in (disk.log.failure or ""):
            gevent.sleep(0.001)
    with pytest.raises(Unavailable, match=match):
        disk.recorder.record(EVENTS, event(id="b"))
    assert disk.state.counters.outcomes["events"]["accepted"] == 1


def test_a_removed_database_accepts_nothing_until_it_is_put_back(watched: Disk, tmp_path: Path) -> None:
    disk, failed = watched, watched.log.database
    disk.path.parent.rename(tmp_path / "away")
    until_refused(disk, "removed or replaced: put it back")
    (tmp_path / "away").rename(disk.path.parent)
    until_recovered(disk, failed)
    assert not disk.recorder.record(EVENTS, event(id="b")).duplicate
    assert disk.recorder.record(EVENTS, event(id="a")).duplicate


def test_a_replaced_database_is_not_changed(watched: Disk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Disk(tmp_path / "other") as other:
        other.record(1, 3)
        answers = other.answers()
    watched.path.parent.rename(tmp_path / "away")
    (tmp_path / "other").rename(watched.path.parent)
    until_refused(watched, "removed or replaced")
    check_unchanged(watched.path.parent, answers)


def test_another_database_with_the_same_inode_is_not_changed(watched: Disk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Disk(tmp_path / "other") as other:
        other.record(1, 3)
        answers = other.answers()
    failed = watched.log.database
    for path in list(watched.path.parent.iterdir()):
        path.unlink()
    until_refused(watched, "removed or replaced")
    gevent.sleep(0.1)  # the log tries to reopen it
    fresh = file_with(failed.inode, watched.path.parent)
    fresh.write_bytes(other.path.read_bytes())
    fresh.rename(watched.path)
    gevent.sleep(0.1)
    until_refused(watched, "removed or replaced")
    check_unchanged(watched.path.parent, answers)


def file_with(inode: int, directory: Path) -> Path:
    """A new file with that inode if the file system reuses it; otherwise with another."""
    paths = [directory / f"{number}.new" for number in range(2_000)]
    for path in paths:
        path.touch()
        if path.stat().st_ino == inode:
            return path
    return paths[0]
