"""Restoring: the backup replaces the database, which is kept with all its files."""

import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import CannotStore
from analytics.log.disk import restoring
from analytics.log.disk.backup import back_up
from analytics.log.disk.consumer import Consumer
from analytics.log.disk.database import Database
from analytics.log.disk.lock import DirectoryLock, LockHeld
from analytics.log.disk.reading import read_only
from analytics.log.disk.restoring import restore
from tests.log.disk import made
from tests.log.disk.disk import Disk
from tests.server import ROOT

BACKED_UP = [*range(21, 41)]
OLD = list(range(1, 200))
KILLED = """
import os, signal, sys
from pathlib import Path
from analytics.log.disk import restoring

if "{step}" == "restoring._copy_owner":  # of the lock, when the new database is in place
    restoring._copy_owner = lambda path, like: path.name == "lock" and os.kill(os.getpid(), signal.SIGKILL)
else:
    {step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
restoring.restore(Path(sys.argv[1]), Path(sys.argv[2]), "T1", lambda *_: None)
"""


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    source = made.closed(tmp_path / "source.db")
    back_up(source, tmp_path / "backup.db", overwrite=False, progress=made.nothing)
    return tmp_path / "backup.db"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The directory of a killed service: half of its entries are in the write-ahead log only."""
    (tmp_path / "running").mkdir()
    owner = made.database(tmp_path / "running" / "analytics.db", range(1, 100), checkpoint_at=0)
    owner.checkpoint_wal()
    owner.append([made.entry(seq) for seq in range(100, 200)])
    shutil.copytree(tmp_path / "running", tmp_path / "data")
    owner.close()
    assert (tmp_path / "data" / "analytics.db-wal").stat().st_size > 100_000
    return tmp_path / "data"


def owned(path: Path) -> list[int]:
    """The positions of the entries that a service finds."""
    database = Database(path, sync=False)
    try:
        return [entry.position for entry in database.entries(0, 1_000)]
    finally:
        database.close()


def test_the_old_database_is_kept_complete(data: Path, backup: Path) -> None:
    restored = restore(backup, data, "T1", made.nothing)
    assert restored.kept == data / "analytics.db.before-restore-T1"
    assert restored.inspection.path == data / "analytics.db"
    assert sorted(path.name for path in data.iterdir()) == ["analytics.db", "analytics.db.before-restore-T1", "lock"]
    assert owned(data / "analytics.db") == BACKED_UP
    assert made.seqs(restored.kept) == OLD


def test_a_restored_database_has_a_write_ahead_log(data: Path, backup: Path) -> None:
    restore(backup, data, "T1", made.nothing)
    database = Database(data / "analytics.db", sync=False)
    database.append([made.entry(41)])
    assert (data / "analytics.db-wal").stat().st_size > 0
    database.close()


def test_restoring_twice_keeps_every_old_database(data: Path, backup: Path) -> None:
    for _ in range(2):
        restore(backup, data, "T1", made.nothing)
        assert owned(data / "analytics.db") == BACKED_UP
    assert made.seqs(data / "analytics.db.before-restore-T1") == OLD
    assert made.seqs(data / "analytics.db.before-restore-T1-2") == BACKED_UP


def test_the_old_database_can_be_restored(data: Path, backup: Path) -> None:
    kept = restore(backup, data, "T1", made.nothing).kept
    assert kept is not None
    restore(kept, data, "T2", made.nothing)
    assert owned(data / "analytics.db") == OLD


def test_a_missing_directory_is_created(tmp_path: Path, backup: Path) -> None:
    assert restore(backup, tmp_path / "new" / "data", "T1", made.nothing).kept is None
    assert owned(tmp_path / "new" / "data" / "analytics.db") == BACKED_UP


def test_the_write_ahead_log_of_a_damaged_database_is_kept_with_it(data: Path, backup: Path) -> None:
    (data / "analytics.db").write_bytes(b"not a database")
    log = (data / "analytics.db-wal").read_bytes()
    restored = restore(backup, data, "T1", made.nothing)
    assert owned(data / "analytics.db") == BACKED_UP
    assert restored.kept is not None
    assert restored.kept.read_bytes() == b"not a database"
    assert (data / "analytics.db.before-restore-T1-wal").read_bytes() == log


def test_a_write_ahead_log_without_a_database_is_moved_away(data: Path, backup: Path) -> None:
    (data / "analytics.db").unlink()
    assert restore(backup, data, "T1", made.nothing).kept is None
    assert owned(data / "analytics.db") == BACKED_UP
    assert (data / "analytics.db.before-restore-T1-wal").exists()


def test_a_directory_in_use_is_not_changed(data: Path, backup: Path) -> None:
    lock = DirectoryLock(data)
    before = made.content(data)
    with pytest.raises(LockHeld, match="is in use by process"):
        restore(backup, data, "T1", made.nothing)
    assert made.content(data) == before
    lock.release()


def test_a_database_that_is_being_read_is_not_replaced(
    data: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would be without its write-ahead log for a moment."""
    monkeypatch.setattr(restoring, "RESTORE_BUSY_SECONDS", 0.05)
    reason = "is being read by another process: try again"
    with read_only(data / "analytics.db"), pytest.raises(CannotStore, match=reason):
        restore(backup, data, "T1", made.nothing)
    assert owned(data / "analytics.db") == OLD
    assert not list(data.glob("*restor*"))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (made.spoil, r"is damaged \(entry 35 of the journal"),
        (lambda path: path.write_bytes(path.read_bytes()[:40_000]), "is damaged"),
        (lambda path: path.write_text("{}"), "is not a database of this service"),
        (lambda path: made.change(path, "PRAGMA application_id = 1"), "is a database of another program"),
        (lambda path: made.change(path, "PRAGMA user_version = 99"), "by a newer version"),
    ],
)
def test_an_unusable_backup_changes_nothing(data: Path, backup: Path, harm: Any, reason: str) -> None:
    harm(backup)
    before = made.content(data)
    with pytest.raises(CannotStore, match=reason):
        restore(backup, data, "T1", made.nothing)
    assert made.content(data) == before
    with pytest.raises(CannotStore, match=reason):
        restore(backup, data.with_name("new"), "T1", made.nothing)
    assert not data.with_name("new").exists()


def test_a_database_cannot_be_restored_from_itself(data: Path) -> None:
    with pytest.raises(CannotStore, match="is the database itself"):
        restore(data / "analytics.db", data, "T1", made.nothing)


@pytest.mark.parametrize("step", ["_prepare", "_link", "sync_directory"])
def test_a_failure_leaves_the_old_database(
    data: Path, backup: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restoring, step, fail)
    with pytest.raises(CannotStore, match="No space left on device"):
        restore(backup, data, "T1", made.nothing)
    assert owned(data / "analytics.db") == OLD
    assert not (data / "analytics.db.restoring").exists()


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("restoring.checked_copy", OLD),
        ("restoring._prepare", OLD),
        ("restoring._checkpoint_wal", OLD),
        ("restoring._link", OLD),
        ("restoring.Path.replace", OLD),
        ("restoring._copy_owner", BACKED_UP),
    ],
)
def test_a_kill_at_any_step_leaves_the_old_or_the_new_database(
    data: Path, backup: Path, step: str, left: list[int]
) -> None:
    script = KILLED.format(step=step)
    done = subprocess.run([sys.executable, "-c", script, str(backup), str(data)], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert owned(data / "analytics.db") == left
    restore(backup, data, "T2", made.nothing)
    assert owned(data / "analytics.db") == BACKED_UP
    assert made.seqs(data / "analytics.db.before-restore-T2") == left
    assert not list(data.glob("*restoring*"))


def test_an_interrupt_leaves_the_old_database(data: Path, backup: Path) -> None:
    def interrupt(done: int, pages: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(backup, data, "T1", interrupt)
    assert owned(data / "analytics.db") == OLD
    assert sorted(path.name for path in data.iterdir()) == ["analytics.db", "lock"]


def test_no_position_is_used_twice_after_a_restore(tmp_path: Path, stack: ExitStack) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    first = stack.enter_context(Disk(data))
    first.event(id="a")
    reader = Consumer(first.log, "archive")
    first.event(id="b")
    back_up(data / "analytics.db", backup, overwrite=False, progress=made.nothing)
    first.event(id="c")
    first.store.stop()
    used = set(made.seqs(data / "analytics.db")) | {reader.cursor.position}
    for number in range(3):  # the third one starts from the backup, as the second one did
        with Disk(data, first.clock.wall() + 60 * (number + 1)) as disk:
            for event in "xyz":
                disk.event(id=event)
            consumer = Consumer(disk.log, "archive")
            entries = consumer.read()
            assert [record.id for entry in entries for record in entry.records][-3:] == ["x", "y", "z"]
            fresh = [entry.position for entry in entries[-3:]]
            assert not used & set(fresh)
            used |= set(fresh)
        restore(backup, data, f"T{number}", made.nothing)
