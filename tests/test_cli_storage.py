"""The commands `backup`, `restore` and `inspect`: output, exit codes and one-line errors."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.log.disk import made
from tests.server import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the database of a stopped service in ./data."""
    (tmp_path / "data").mkdir()
    made.closed(tmp_path / "data" / "analytics.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str, env: dict[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(main, args, env={"ANALYTICS_DATA_DIR": None, **(env or {})})


@pytest.mark.parametrize("name", ["backup", "restore", "inspect"])
def test_help_shows_the_data_directory(name: str) -> None:
    assert "ANALYTICS_DATA_DIR" in run(name, "--help").output


def test_a_backup_prints_a_summary(folder: Path) -> None:
    result = run("backup", "a.db")
    assert result.exit_code == 0, result.output
    size = (folder / "a.db").stat().st_size // 1024
    assert result.stdout == (
        f"a.db: {size}.0 KiB, statistics since 2023-11-14, newest record 2023-11-14T22:14:00.000Z; checked\n"
    )
    assert result.stderr == ""


def test_the_directory_comes_from_the_option_or_the_environment(folder: Path) -> None:
    (folder / "data").rename(folder / "elsewhere")
    assert run("backup", "a.db", "--data-dir", "elsewhere").exit_code == 0
    assert run("backup", "b.db", env={"ANALYTICS_DATA_DIR": "elsewhere"}).exit_code == 0
    assert run("inspect", env={"ANALYTICS_DATA_DIR": "elsewhere"}).exit_code == 0
    result = run("backup", "c.db")
    assert result.exit_code == 1
    assert result.output == "Error: data has no database of this service: name another file, or another --data-dir.\n"


def test_a_backup_overwrites_only_with_force(folder: Path) -> None:
    (folder / "a.db").touch()
    result = run("backup", "a.db")
    assert (result.exit_code, result.output) == (
        1,
        "Error: a.db exists: choose another name, or overwrite it with --force.\n",
    )
    assert run("backup", "a.db", "--force").exit_code == 0


def test_a_restore_prints_where_the_previous_database_is_kept(folder: Path) -> None:
    assert run("backup", "a.db").exit_code == 0
    result = run("restore", "a.db")
    assert result.exit_code == 0, result.output
    kept, line = result.stdout.splitlines()
    assert Path(kept.removeprefix("the previous database is kept as ")).is_file()
    assert line.startswith("restored data/analytics.db: ")
    assert run("restore", "a.db", "--data-dir", "new").stdout.startswith("restored new/analytics.db: ")


def test_a_damaged_backup_is_one_clear_line(folder: Path) -> None:
    made.closed(folder / "a.db")
    made.spoil(folder / "a.db")
    result = run("restore", "a.db")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: a.db is damaged (entry 35 of the journal (events) has a wrong checksum): see `inspect`. "
        "Nothing was changed.\n"
    )
    assert run("restore", "none.db").exit_code == 2


@pytest.mark.parametrize("args", [(), ("data",), ("data/analytics.db",)])
def test_inspect_prints_a_table_or_json(folder: Path, args: tuple[str, ...]) -> None:
    result = run("inspect", *args)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("data/analytics.db\nfiles       analytics.db ")
    assert json.loads(run("inspect", "--json", *args).stdout)["file"] == "data/analytics.db"


def test_inspect_fails_if_something_is_wrong(folder: Path) -> None:
    made.spoil(folder / "data" / "analytics.db")
    result = run("inspect")
    assert result.exit_code == 1
    assert "DAMAGED:\n  entry 35 of the journal (events) has a wrong checksum\n" in result.stdout
    result = run("inspect", "--json")
    assert (result.exit_code, json.loads(result.stdout)["sound"]) == (1, False)
    (folder / "text").write_text("text")
    result = run("inspect", "text")
    assert (result.exit_code, result.output) == (1, "Error: text is not a database of this service.\n")


@pytest.mark.parametrize(("answer", "status", "words"), [(b"n\n", 1, b"Aborted!"), (b"y\n", 0, b"Restoring a.db")])
def test_a_terminal_shows_a_confirmation_and_a_progress_bar(
    folder: Path, answer: bytes, status: int, words: bytes
) -> None:
    assert run("backup", "a.db").exit_code == 0
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    command = [sys.executable, "-m", "analytics", "restore", "a.db", "--data-dir", "data"]
    done = subprocess.run(command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)})
    output = os.read(ours, 65_536)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == status
    assert b"Replace data/analytics.db with a.db? The previous database is kept." in output
    assert words in output
    assert len(list((folder / "data").glob("*.before-restore-*"))) == (0 if status else 1)
