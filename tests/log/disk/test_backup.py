"""Backups: a complete and verified copy of one instant, or no file at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from analytics.errors import CannotStore
from analytics.log.disk import backup
from analytics.log.disk.backup import back_up
from analytics.log.disk.inspection import inspect
from tests.log.disk import made
from tests.server import ROOT

KILLED = """
import os, signal, sys
from pathlib import Path
from analytics.log.disk import backup

def progress(done, pages):
    if done >= pages * {share}:
        os.kill(os.getpid(), signal.SIGKILL)

backup.PAGES_PER_STEP = 1
backup.back_up(Path(sys.argv[1]), Path(sys.argv[2]), overwrite=False, progress=progress)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "analytics.db"


def test_a_backup_is_one_file_with_the_state_at_its_start(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES_PER_STEP", 1)
    owner, steps = made.database(source), []

    def write_on(done: int, pages: int) -> None:
        steps.append((done, pages))
        owner.append([made.entry(40 + len(steps))])
        if len(steps) == 3:
            owner.checkpoint_wal()

    found = back_up(source, tmp_path / "a.db", overwrite=False, progress=write_on)
    assert steps[-1][0] == steps[-1][1] == len(steps)
    assert len(made.seqs(source)) > 30
    assert made.seqs(tmp_path / "a.db") == [*range(21, 41)]
    assert (found.path, found.damage, found.beyond) == (tmp_path / "a.db", [], 20)
    owner.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "data"]
    assert inspect(tmp_path / "a.db") == found


@pytest.mark.parametrize("target", ["a.db", "data", "data/analytics.db", "nowhere/a.db"])
def test_existing_files_are_not_overwritten(source: Path, tmp_path: Path, target: str) -> None:
    made.closed(source)
    (tmp_path / "a.db").write_text("precious")
    with pytest.raises(
        CannotStore, match=r"exists: choose|is the database itself|is not a regular file|cannot be written"
    ):
        back_up(source, tmp_path / target, overwrite=target != "a.db", progress=made.nothing)
    assert (tmp_path / "a.db").read_text() == "precious"
    assert inspect(source).damage == []


def test_force_overwrites_an_existing_file(source: Path, tmp_path: Path) -> None:
    made.closed(source)
    (tmp_path / "a.db").write_text("superfluous")
    back_up(source, tmp_path / "a.db", overwrite=True, progress=made.nothing)
    assert inspect(tmp_path / "a.db").damage == []


def test_a_damaged_database_is_not_copied(source: Path, tmp_path: Path) -> None:
    made.spoil(made.closed(source))
    with pytest.raises(CannotStore, match=r"is damaged \(entry 35 of the journal \(events\) has a wrong checksum\)"):
        back_up(source, tmp_path / "a.db", overwrite=False, progress=made.nothing)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_interrupted_backup_leaves_nothing(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "PAGES_PER_STEP", 1)
    made.closed(source)
    (tmp_path / "a.db").write_text("precious")

    def interrupt(done: int, pages: int) -> None:
        if done * 2 > pages:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(source, tmp_path / "a.db", overwrite=True, progress=interrupt)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "data"]
    assert (tmp_path / "a.db").read_text() == "precious"


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_a_killed_backup_leaves_no_complete_looking_file(source: Path, tmp_path: Path, share: float) -> None:
    made.closed(source)
    script = KILLED.format(share=share)
    subprocess.run([sys.executable, "-c", script, str(source), str(tmp_path / "a.db")], cwd=ROOT)
    left = [path for path in tmp_path.iterdir() if path.is_file()]
    assert not (tmp_path / "a.db").exists()
    assert left
    assert all(".part" in path.name for path in left)
    back_up(source, tmp_path / "a.db", overwrite=False, progress=made.nothing)
    assert inspect(tmp_path / "a.db").damage == []
