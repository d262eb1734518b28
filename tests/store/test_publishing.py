"""Files that are published together: all of them are there, or none."""

import os
from pathlib import Path

import pytest

from analytics.store.files.publishing import Publication
from analytics.store.options import StoreOptions
from analytics.store.process.engine import DuckEngine
from analytics.store.process.opening import open_store

NAMES = [f"events/day={day}/a.parquet" for day in range(12)]


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def publish(folder: Path, count: int = 11) -> None:
    with Publication(folder) as publication:
        for place in range(count + 1):
            publication.begin(NAMES[place]).write_text(NAMES[place])


def test_files_appear_at_the_end_of_the_context(tmp_path: Path) -> None:
    with Publication(tmp_path) as publication:
        for name in NAMES:
            publication.begin(name).write_text(name)
        assert not set(files(tmp_path)) & set(NAMES)
    assert files(tmp_path) == sorted(NAMES)
    assert {(tmp_path / name).read_text() for name in NAMES} == set(NAMES)


def test_each_file_and_directory_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    with Publication(tmp_path) as publication:
        for name in (*NAMES, "events/day=0/b.parquet"):
            publication.begin(name)
    partial = [str(tmp_path / f"{name}.tmp") for name in (*NAMES, "events/day=0/b.parquet")]
    folders = [str((tmp_path / name).parent) for name in NAMES]
    assert sorted(synced[: len(partial)]) == sorted(partial), "before any is renamed"
    assert sorted(synced[len(partial) :]) == sorted([str(tmp_path), str(tmp_path / "events"), *folders])


@pytest.mark.parametrize("fails_at", [1, 12, 13, 20])
def test_after_a_failure_none_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    calls, synced = iter(range(1, 100)), list[Path]()

    def failing(file: int) -> None:
        if next(calls) == fails_at:
            raise OSError("no space left")
        synced.append(Path(os.readlink(f"/proc/self/fd/{file}")))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="no space"):
        publish(tmp_path)
    assert files(tmp_path) == []
    synced.clear()
    publish(tmp_path)
    folders = {path for name in NAMES for path in (tmp_path / name).parents if path.is_relative_to(tmp_path)}
    assert {path for path in synced if path.is_dir()} == folders, "a folder may be of the first try"


def test_a_failure_inside_of_the_context_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        publish(tmp_path, 12)
    assert files(tmp_path) == []


def test_the_folder_of_the_store_is_synced_though_an_earlier_start_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").mkdir()  # by a start that was killed before it synced the data directory
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    store = open_store(StoreOptions(str(tmp_path)), DuckEngine(tmp_path, 64 * 2**20, 1))
    store.manifest.close()
    store.lock.release()
    assert str(tmp_path) in synced
