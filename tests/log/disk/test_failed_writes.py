"""Statements that fail, or seem to: the database is opened again before more is taken, and no image misses a change."""

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
from analytics.log.disk.database import Database, Part
from tests.log.disk.plain_disk import Disk
from tests.state.rig import event


class Failing:
    """A connection of which the `nth` statement with `word` fails, before it is done or after."""

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
    """What a child writes, without one; `between` is called when half of it is through."""

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
    """Wait until the database was opened again."""
    with gevent.Timeout(20):
        while disk.journal.trouble is not None or disk.journal.database is failed:
            gevent.sleep(0.001)


def saving(disk: Disk) -> Checkpointer:
    return Checkpointer(disk.state, disk.image, disk.journal, disk.clock, disk.jobs)


def check_as_it_was(directory: Path, picture: Any) -> None:
    """What is read after a start is what was read before."""
    with Disk(directory) as disk:
        assert disk.picture() == picture


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize(
    ("word", "nth"), [("BEGIN", 1), ("INSERT INTO image", 2), ("COMMIT", 1), ("UPDATE mark", 1), ("COMMIT", -1)]
)
def test_an_image_that_fails_is_made_up_for_by_the_next(word: str, nth: int, done: bool, tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        images = saving(disk)
        disk.record(1, 6)
        assert images.save()
        disk.record(7, 12)
        changes = disk.image.take_changes()
        parts = len(list(disk.image.parts(changes)))
        disk.image.give_back(changes)
        failed = disk.journal.database
        let_fail(failed, word, nth if nth > 0 else parts + 1, done=done)
        assert not images.save()
        until_recovered(disk, failed)
        disk.record(13, 15)
        assert images.save()
        disk.record(16, 18)
        picture = disk.picture()
    check_as_it_was(tmp_path, picture)


def test_an_image_in_the_midst_of_which_the_database_is_opened_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Disk(tmp_path) as disk:
        images = saving(disk)
        disk.record(1, 6)
        failed = disk.journal.database

        def between() -> None:
            let_fail(failed, "INSERT INTO journal")
            with pytest.raises(Unavailable):
                disk.recorder.record(EVENTS, event(id="refused"))
            until_recovered(disk, failed)

        monkeypatch.setattr(Parts, "between", staticmethod(between))
        assert not images.save()
        monkeypatch.setattr(Parts, "between", staticmethod(lambda: None))
        assert disk.journal.trouble is None
        disk.record(7, 9)
        assert images.save()
        picture = disk.picture()
    check_as_it_was(tmp_path, picture)


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_a_refused_record_counts_once_when_it_is_sent_again(done: bool, tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        disk.record(1, 3)
        failed = disk.journal.database
        let_fail(failed, "INSERT INTO journal", done=done)
        for _ in range(2):  # the second one does not even reach the disk
            with pytest.raises(Unavailable, match="the journal cannot be written"):
                disk.recorder.record(EVENTS, event(id="again"))
        assert disk.ids().keys() == {"e1", "e2", "e3"}
        until_recovered(disk, failed)
        assert not disk.recorder.record(EVENTS, event(id="again")).duplicate
        assert disk.recorder.record(EVENTS, event(id="again")).duplicate
        picture = disk.picture()
        assert disk.ids()["again"] == 1
    check_as_it_was(tmp_path, picture)


def test_what_was_acknowledged_at_once_is_written_when_that_is_possible_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_log, "RELAXED_SECONDS", 0.001)
    with Disk(tmp_path, "relaxed") as disk:
        failed = disk.journal.database
        let_fail(failed, "INSERT INTO journal", done=True)
        disk.record(1, 9)
        until_recovered(disk, failed)
        disk.record(10, 12)
        picture = disk.picture()
    check_as_it_was(tmp_path, picture)


def test_nothing_is_written_after_a_failure_before_the_database_was_opened_again(tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        disk.record(1, 1)
        failed = disk.journal.database
        let_fail(failed, "wal_checkpoint")
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            failed.tidy()
        with pytest.raises(sqlite3.OperationalError, match="an earlier write failed"):
            failed.append([])
        with pytest.raises(Unavailable, match="an earlier write failed"):
            disk.recorder.record(EVENTS, event(id="refused"))
        until_recovered(disk, failed)
        disk.record(2, 2)
        assert disk.ids().keys() == {"e1", "e2"}


@pytest.fixture
def looked_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A service that looks at its files all the time, with the event `a`."""
    monkeypatch.setattr(checkpointer, "LOOK_SECONDS", 0.001)
    (tmp_path / "data").mkdir()
    with Disk(tmp_path / "data") as disk:
        disk.recorder.record(EVENTS, event(id="a"))
        looking = saving(disk)
        looking.start(disk.mark, 0)
        yield disk
        looking.stop()


def until_refused(disk: Disk, match: str) -> None:
    """Wait until nothing is taken, for a reason."""
    with gevent.Timeout(20):
        while match not in (disk.journal.trouble or ""):
            gevent.sleep(0.001)
    with pytest.raises(Unavailable, match=match):
        disk.recorder.record(EVENTS, event(id="b"))
    assert disk.state.counters.outcomes["events"]["accepted"] == 1


def test_a_database_that_was_removed_takes_nothing_until_it_is_put_back(looked_after: Disk, tmp_path: Path) -> None:
    disk, failed = looked_after, looked_after.journal.database
    disk.path.parent.rename(tmp_path / "away")
    until_refused(disk, "removed or replaced: put it back")
    (tmp_path / "away").rename(disk.path.parent)
    until_recovered(disk, failed)
    assert not disk.recorder.record(EVENTS, event(id="b")).duplicate
    assert disk.recorder.record(EVENTS, event(id="a")).duplicate


def test_a_database_that_was_replaced_is_left_alone(looked_after: Disk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Disk(tmp_path / "other") as other:
        other.record(1, 3)
        picture = other.picture()
    looked_after.path.parent.rename(tmp_path / "away")
    (tmp_path / "other").rename(looked_after.path.parent)
    until_refused(looked_after, "removed or replaced")
    check_as_it_was(looked_after.path.parent, picture)


def test_a_database_of_another_service_is_not_cut_because_it_got_the_inode(looked_after: Disk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Disk(tmp_path / "other") as other:
        other.record(1, 3)
        picture = other.picture()
    failed = looked_after.journal.database
    for path in list(looked_after.path.parent.iterdir()):
        path.unlink()
    until_refused(looked_after, "removed or replaced")
    gevent.sleep(0.1)  # it was tried to open it again
    fresh = file_with(failed.inode, looked_after.path.parent)
    fresh.write_bytes(other.path.read_bytes())
    fresh.rename(looked_after.path)
    gevent.sleep(0.1)
    until_refused(looked_after, "removed or replaced")
    check_as_it_was(looked_after.path.parent, picture)


def file_with(inode: int, directory: Path) -> Path:
    """A new file of that inode, where the file system has let go of it; else another."""
    paths = [directory / f"{number}.new" for number in range(2_000)]
    for path in paths:
        path.touch()
        if path.stat().st_ino == inode:
            return path
    return paths[0]
