"""Backups of the database and the store: they fit together, and a restore brings back both."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from analytics.cli import main
from analytics.store.files import copying
from analytics.store.files.checking import damage_of
from analytics.store.files.copying import backup_folder
from analytics.store.files.manifest import DataFile
from tests.state.rig import event
from tests.store.rig import Keeping
from tests.store.test_files import QUICK, flip, flushed, ids, parquet


def run(*args: object) -> str:
    result = CliRunner().invoke(main, [*map(str, args)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_backup_of_a_running_service_has_files_and_tail_and_is_restored(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backups/a.db"
    backup.parent.mkdir()
    with Keeping(data, options=QUICK) as disk:
        disk.events(*(event(id=f"a{number}") for number in range(3)))
        flushed(disk)
        disk.client._options = disk.options = type(disk.options)(str(data), seconds=600.0, nice=0)
        disk.replace_child()
        disk.event(id="tail")
        assert ids(disk) == ["a0", "a1", "a2", "tail"]
        assert "3 rows in 1 files" in run("backup", backup, "--data-dir", data)
        disk.event(id="later")
        numbers = [row[0] for row in disk.stored()]
    assert json.loads(run("inspect", "--json", backup))["long_term"]["rows"] == 3
    run("restore", backup, "--data-dir", data, "--force")
    assert len(list(data.glob("analytics.db.before-restore-*.store"))) == 1
    with Keeping(data, time.time(), options=QUICK) as disk:
        assert [row[:2] for row in disk.stored()] == list(
            map(list, zip(numbers, ["a0", "a1", "a2", "tail"], strict=False))
        )
        disk.event(id="later")
        assert ids(disk) == ["a0", "a1", "a2", "tail", "later"]


def test_the_next_backup_adds_new_files_only(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "a.db"
    with Keeping(data, options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        run("backup", backup, "--data-dir", data)
        before = {path: path.stat().st_mtime_ns for path in backup_folder(backup).rglob("*.parquet")}
        disk.event(id="b")
        disk.until(lambda: disk.client.status.files == 2)
        run("backup", backup, "--data-dir", data, "--force")
    after = {path: path.stat().st_mtime_ns for path in backup_folder(backup).rglob("*.parquet")}
    assert before.items() < after.items()
    assert len(after) == 2


def test_the_next_backup_reads_a_file_that_it_has_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, backup = tmp_path / "data", tmp_path / "a.db"
    read: list[Path] = []

    def checked(folder: Path, file: DataFile) -> str | None:
        read.append(folder / file.name)
        return damage_of(folder, file)

    with Keeping(data, options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        run("backup", backup, "--data-dir", data)
        monkeypatch.setattr(copying, "damage_of", checked)
        run("backup", backup, "--data-dir", data, "--force")
    assert read == list(backup_folder(backup).rglob("*.parquet"))


def test_the_next_backup_replaces_files_that_were_damaged_in_it(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "a.db"
    with Keeping(data, options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        run("backup", backup, "--data-dir", data)
        (path,) = backup_folder(backup).rglob("*.parquet")
        detached(path)
        flip(path)
        assert CliRunner().invoke(main, ["inspect", str(backup)]).exit_code == 1
        run("backup", backup, "--data-dir", data, "--force")
    assert "damaged" not in run("inspect", backup)


def test_a_file_that_was_damaged_since_stays_in_the_backup(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "a.db"
    with Keeping(data, options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        run("backup", backup, "--data-dir", data)
        (path,) = backup_folder(backup).rglob("*.parquet")
        detached(path)
        flip(*parquet(disk))
        disk.until(lambda: disk.client.status.damaged)
        assert "left out" not in run("backup", backup, "--data-dir", data, "--force")
    run("restore", backup, "--data-dir", data, "--force")
    with Keeping(data, options=QUICK) as disk:
        assert ids(disk) == ["a"]


def detached(path: Path) -> None:
    """Replace a file of a backup, which is a link to that of the service, by a copy."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def test_a_damaged_backup_is_not_restored(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "a.db"
    with Keeping(data, options=QUICK) as disk:
        disk.event(id="a")
        flushed(disk)
        run("backup", backup, "--data-dir", data)
    (path,) = backup_folder(backup).rglob("*.parquet")
    detached(path)
    flip(path)
    result = CliRunner().invoke(main, ["restore", str(backup), "--data-dir", str(data), "--force"])
    assert result.exit_code == 1
    assert "checksum" in result.output
    with Keeping(data, options=QUICK) as disk:
        assert ids(disk) == ["a"]
