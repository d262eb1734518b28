"""Modes of a data directory: what the service creates is for its owner alone, whatever the umask is."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from analytics.log.disk import file
from analytics.log.disk.backup import back_up
from analytics.log.disk.file import FILE_NAME, open_database
from analytics.log.disk.restoring import restore
from tests.log.disk.disk import Disk

FILES = {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "lock"}


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in directory.iterdir()}


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def test_a_new_directory_and_its_files_are_private(tmp_path: Path) -> None:
    with Disk(tmp_path / "deep" / "data") as disk:
        disk.event()
        assert modes(disk.path) == dict.fromkeys(FILES, "0o600")
        assert mode(disk.path) == "0o700"
        assert mode(tmp_path / "deep") == "0o777", "a directory above it is not its own"


def test_the_mode_of_an_existing_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o750)
    with Disk(tmp_path / "data") as disk:
        disk.event()
        assert mode(disk.path) == "0o750"
        assert set(modes(disk.path).values()) == {"0o600"}


def test_backups_and_what_is_restored_from_them_are_private(tmp_path: Path) -> None:
    with Disk(tmp_path / "data") as disk:
        disk.event()
    target = tmp_path / "backup.db"
    target.touch(0o644)
    back_up(tmp_path / "data" / FILE_NAME, target, overwrite=True, progress=lambda *_: None)
    assert mode(target) == "0o600"
    restore(target, tmp_path / "restored", "now", lambda *_: None)
    assert mode(tmp_path / "restored") == "0o700"
    assert set(modes(tmp_path / "restored").values()) == {"0o600"}


def test_the_copy_of_an_older_version_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(file, "MIGRATIONS", file.MIGRATIONS[:1])
        open_database(tmp_path / FILE_NAME).close()
    open_database(tmp_path / FILE_NAME).close()
    assert mode(tmp_path / f"{FILE_NAME}.version-1") == "0o600"
    with closing(sqlite3.connect(tmp_path / f"{FILE_NAME}.version-1")) as db:
        assert db.execute("PRAGMA user_version").fetchall() == [(1,)]
