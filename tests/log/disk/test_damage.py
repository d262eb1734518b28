"""Damaged, truncated and foreign files: refused with a message that says what to do, and never changed."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from analytics.errors import CannotStore
from analytics.log.disk import file
from analytics.log.disk.checkpoint import REST_PART
from analytics.log.disk.database import Database, Mark
from analytics.log.disk.file import FILE_NAME
from tests.log.disk.plain_disk import Disk
from tests.randomness import many
from tests.server import APP, GUNICORN, ROOT, free_port

FLIPS = many(200)
TEXT = "x" * 3_000
"""Text so long that a row does not fit on one page."""


def contents(directory: Path) -> dict[str, bytes]:
    """The files in a directory that hold data, by name; without the lock, the index and empty files."""
    kept = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    return {name: data for name, data in kept.items() if not name.endswith(("-shm", "lock")) and data}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A directory after a clean stop, with a checkpoint and entries after it, and the answers read from it."""
    directory = tmp_path_factory.mktemp("whole")
    with Disk(directory) as disk:
        disk.record(1, 20, TEXT)
        disk.save()
        disk.record(21, 50, TEXT)
        answers = disk.answers()
    with Disk(directory) as disk:
        assert disk.answers() == answers
    return directory, answers


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """A directory after a kill: all data is in the write-ahead log."""
    running, directory = tmp_path / "running", tmp_path / "torn"
    running.mkdir()
    with Disk(running) as disk:
        disk.record(1, 20, TEXT)
        shutil.copytree(running, directory)
    os.unlink(directory / f"{FILE_NAME}-shm")
    return directory


def refusal(directory: Path) -> str:
    """The message with which `directory` is refused; checks that no file changes."""
    before = contents(directory)
    with pytest.raises(CannotStore) as refused, Disk(directory):
        pass
    assert contents(directory) == before
    message = refused.value.message
    assert FILE_NAME in message
    assert "ANALYTICS_DATA_DIR" in message
    return message


def test_a_flipped_bit_is_refused_or_changes_nothing(
    whole: tuple[Path, Any], tmp_path: Path, dice: random.Random
) -> None:
    source, answers = whole
    data = (source / FILE_NAME).read_bytes()
    refused = 0
    for number in range(FLIPS):
        directory = tmp_path / str(number)
        directory.mkdir()
        place, bit = dice.randrange(len(data)), 1 << dice.randrange(8)
        (directory / FILE_NAME).write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
        before = contents(directory)
        try:
            with Disk(directory) as disk:
                assert disk.answers() == answers, (place, bit)
        except CannotStore:
            refused += 1
            assert contents(directory) == before, place
        shutil.rmtree(directory)
    assert refused > FLIPS / 20, "most flips hit unused space"


@pytest.mark.parametrize("text", [b"CREATE TABLE image", b"tableimage", b"family TEXT", b"STRICT"])
def test_a_schema_with_bytes_that_are_no_text_is_refused(whole: tuple[Path, Any], tmp_path: Path, text: bytes) -> None:
    data = (whole[0] / FILE_NAME).read_bytes()
    place = data.index(text) + len(text) - 1
    (tmp_path / FILE_NAME).write_bytes(data[:place] + bytes([data[place] | 0x80]) + data[place + 1 :])
    assert "is damaged" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("journal", column) for column in ("seq", "kind", "received", "id_prefix", "records", "body")),
        *(("image", column) for column in ("rung", "start", "generation", "body")),
        ("mark", "generation"),
        ("mark", "position"),
    ],
)
def test_a_changed_value_is_refused(whole: tuple[Path, Any], tmp_path: Path, table: str, column: str) -> None:
    path = tmp_path / FILE_NAME
    shutil.copy(whole[0] / FILE_NAME, path)
    values = {
        "kind": "'other'",
        "id_prefix": "'other-1-1-'",
        "received": "received + 1",
        "body": "zeroblob(length(body))",
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        last = f"(SELECT max(rowid) FROM {table})"
        value = values.get(column, f"{column} + 1" if table != "mark" else f"{column} - 1")
        assert db.execute(f"UPDATE {table} SET {column} = {value} WHERE rowid = {last}").rowcount == 1
    message = refusal(tmp_path)
    assert "is damaged" in message
    assert "restore" in message


def test_a_part_that_fits_no_state_is_refused_even_with_the_right_checksum(
    whole: tuple[Path, Any], tmp_path: Path
) -> None:
    shutil.copy(whole[0] / FILE_NAME, tmp_path)
    with closing(Database(tmp_path / FILE_NAME, sync=False)) as database:
        (rest,) = [part for part in database.parts() if part.family == REST_PART]
        shorter = rest.body.replace(b'"series_open":[', b'"series_open":[1],"others":[')
        newer = Mark(database.begin_checkpoint(), database.mark().position)
        database.put_parts([rest._replace(body=shorter)], newer.generation)
        database.finish_checkpoint(newer, [], 0)
    assert "is damaged" in refusal(tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(whole: tuple[Path, Any], tmp_path: Path, share: float) -> None:
    data = (whole[0] / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(data[: int(len(data) * share)])
    assert "is damaged" in refusal(tmp_path)


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (a)")


def newer(path: Path) -> None:
    with Disk(path.parent):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 7")


OTHERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "foreign": (foreign, "a database of another program"),
    "text": (lambda path: path.write_text("a shopping list\n" * 100), "not a database of this service"),
    "empty": (Path.touch, "not a database of this service"),
    "directory": (Path.mkdir, "a directory, not a database"),
    "newer": (newer, "written by a newer version of this service (schema 7, this one supports 4)"),
    "log alone": (lambda path: path.with_name(f"{FILE_NAME}-wal").write_bytes(b"7" * 100), "missing"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_foreign_files_are_refused(name: str, tmp_path: Path) -> None:
    make, reason = OTHERS[name]
    make(tmp_path / FILE_NAME)
    assert reason in refusal(tmp_path)


@pytest.mark.parametrize("command", [GUNICORN, APP], ids=["gunicorn", "app.py"])
@pytest.mark.parametrize("name", ["text", "newer", "body"])
def test_a_service_says_in_one_line_why_it_does_not_start(
    name: str, command: tuple[str, ...], whole: tuple[Path, Any], tmp_path: Path
) -> None:
    directory = tmp_path / "data"
    directory.mkdir()
    if name == "body":  # found only when the entry is read
        shutil.copy(whole[0] / FILE_NAME, directory)
        with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as db:
            last = "(SELECT max(seq) FROM journal)"
            assert db.execute(f"UPDATE journal SET body = x'5b5d' WHERE seq = {last}").rowcount == 1
    else:
        OTHERS[name][0](directory / FILE_NAME)
    before = contents(directory)
    environment = {**os.environ, "ANALYTICS_DATA_DIR": str(directory), "HOST": "127.0.0.1", "PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    said = [line for line in (done.stdout + done.stderr).splitlines() if str(directory / FILE_NAME) in line]
    assert len(said) == 1, (done.stdout, done.stderr)
    assert "Nothing was changed. Move it" in said[0] or "Start that version" in said[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert contents(directory) == before


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_torn_write_ahead_log_is_not_damage(torn: Path, share: float) -> None:
    log = torn / f"{FILE_NAME}-wal"
    data = log.read_bytes()
    log.write_bytes(data[: int(len(data) * share)] + b"\xa5" * 700)
    with Disk(torn) as disk:
        ids = disk.ids()
        assert list(ids) == [f"e{number}" for number in range(len(ids), 0, -1)], "the first ones without gaps"
        assert abs(len(ids) - 20 * share) <= 2
        disk.record(len(ids) + 1, 25)
    with Disk(torn) as disk:
        assert set(disk.ids()) == {f"e{number}" for number in range(1, 26)}


@contextlib.contextmanager
def a_further_version(monkeypatch: pytest.MonkeyPatch, script: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(file, "MIGRATIONS", (*file.MIGRATIONS, script))
        yield


def test_an_older_schema_is_migrated_and_the_old_file_is_kept(torn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_further_version(monkeypatch, "CREATE TABLE later (a); INSERT INTO later VALUES (1)"):
        with Disk(torn) as disk:
            assert len(disk.ids()) == 20
            answers = disk.answers()
        with Disk(torn) as disk:
            assert disk.answers() == answers
        with closing(sqlite3.connect(torn / FILE_NAME)) as db:
            assert db.execute("SELECT * FROM later").fetchall() == [(1,)]
    assert "newer version" in refusal(torn)
    (torn / f"{FILE_NAME}.version-{len(file.MIGRATIONS)}").replace(torn / FILE_NAME)
    with Disk(torn) as disk:
        assert disk.answers() == answers


@pytest.mark.parametrize("statement", ["nonsense", "INSERT INTO mark VALUES (1, 2, 3, 4)"])
def test_a_failed_migration_does_not_change_the_file(
    torn: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    script = f"CREATE TABLE later (a); DELETE FROM journal; {statement}"
    with a_further_version(monkeypatch, script), pytest.raises(sqlite3.Error):
        Database(torn / FILE_NAME, sync=False)
    with Disk(torn) as disk:
        assert len(disk.ids()) == 20
    with closing(sqlite3.connect(torn / FILE_NAME)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(file.MIGRATIONS),)
