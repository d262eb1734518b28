"""Backups of the store: copies of its files, beside a backup of the database.

Files never change, so a backup links or copies only those that it does not have yet, or has damaged.
"""

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from analytics.errors import CannotStore
from analytics.log.disk.copies import STORE_ENDING
from analytics.log.disk.file import PRIVATE, PRIVATE_DIRECTORY, sync_directory
from analytics.store.files.checking import damage_of
from analytics.store.files.layout import store_folder
from analytics.store.files.manifest import MANIFEST_NAME, DataFile, Manifest

TRIES = 5


class StoreCopy(NamedTuple):
    """The content of a copy of a store, and the position of the log up to which its files reach.

    `damaged` are files in it that are not as they were written, `left_out` those that it was made without.
    """

    files: int
    rows: int
    bytes: int
    upto: int
    damaged: list[str]
    left_out: Sequence[str] = ()


def backup_folder(backup: Path) -> Path:
    """The folder with the files of a backup."""
    return backup.with_name(backup.name + STORE_ENDING)


def copy_store(data_directory: Path, backup: Path) -> StoreCopy | None:
    """Copy the store in a data directory to a backup; None if there is none. The service may be running.

    Damaged files are left out, so that the copy can be restored. Copy the database afterwards: it still has all entries
    that the files of this copy do not reach.

    Raises:
        CannotStore: the store cannot be read, or the copy cannot be written.
    """
    source, target = store_folder(data_directory), backup_folder(backup)
    if not (source / MANIFEST_NAME).exists():
        return None
    try:
        for is_last in (*[False] * (TRIES - 1), True):
            target.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            fresh = target / f"{MANIFEST_NAME}.part"
            _copy_manifest(source / MANIFEST_NAME, fresh)
            try:
                named = _files(fresh)
                held = {file.name for file in named if damage_of(target, file) is None}
                others, left_out = _sound(source, [file for file in named if file.name not in held], is_last=is_last)
                _copy_files(source, target, others)
            except FileNotFoundError:  # replaced by others meanwhile
                if is_last:
                    raise
                continue
            _forget(fresh, left_out)
            fresh.replace(target / MANIFEST_NAME)
            _remove_others(target, held | {file.name for file in others})
            sync_directory(target)
            break
    except (OSError, sqlite3.Error) as error:
        raise CannotStore(f"{source} could not be copied to {target} ({error}).") from error
    copied = describe(target, held)
    assert copied is not None
    return copied._replace(left_out=[f"{name}: {reason}" for name, reason in left_out.items()])


def restore_store(backup: Path, data_directory: Path, kept: Path) -> StoreCopy | None:
    """Put the store of a backup in place of the one in a data directory, which is kept as that of the backup `kept`.

    A backup without one leaves none: its database continues no files.

    Raises:
        CannotStore: the backup's files are damaged, or the directory cannot be written to.
    """
    source, target = backup_folder(backup), store_folder(data_directory)
    try:
        if target.exists():
            target.rename(backup_folder(kept))
        if not (source / MANIFEST_NAME).exists():
            return None
        fresh = target.with_name(f"{target.name}.restoring")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(PRIVATE_DIRECTORY)
        _copy_manifest(source / MANIFEST_NAME, fresh / MANIFEST_NAME)
        _copy_files(source, fresh, _files(fresh / MANIFEST_NAME))
        _own(fresh, data_directory)
        fresh.rename(target)
        sync_directory(data_directory)
    except (OSError, sqlite3.Error) as error:
        raise CannotStore(f"{source} could not be restored to {target} ({error}).") from error
    return describe(target)


def describe(folder: Path, sound: Collection[str] = ()) -> StoreCopy | None:
    """The content of a folder of a store, or of its backup; every file is checked. None if there is no store.

    Args:
        sound: names of files that were checked just now.

    Raises:
        CannotStore: it cannot be read.
    """
    if not (folder / MANIFEST_NAME).exists():
        return None
    try:
        with closing(Manifest.reading(folder / MANIFEST_NAME)) as manifest:
            files, progress = manifest.files(), manifest.progress()
    except sqlite3.Error as error:
        raise CannotStore(f"{folder / MANIFEST_NAME} cannot be read ({error}).") from error
    checked = ((file, damage_of(folder, file)) for file in files if file.name not in sound)
    damaged = [f"{file.name}: {reason}" for file, reason in checked if reason is not None]
    return StoreCopy(
        len(files),
        sum(file.rows for file in files),
        sum(file.bytes for file in files),
        0 if progress is None else progress.upto,
        damaged,
    )


def _files(manifest: Path) -> list[DataFile]:
    with closing(Manifest.reading(manifest)) as opened:
        return opened.files()


def _copy_manifest(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    target.touch(PRIVATE)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=30.0)) as db,
        closing(sqlite3.connect(target)) as copy,
    ):
        db.backup(copy)
    _sync(target)


def _sound(source: Path, files: Iterable[DataFile], *, is_last: bool) -> tuple[list[DataFile], dict[str, str]]:
    """The files that can be copied, and why others cannot, by name.

    Raises:
        FileNotFoundError: one is gone, perhaps since others have replaced it; not with `is_last`.
    """
    sound, left_out = list[DataFile](), dict[str, str]()
    for file in files:
        reason = file.damage
        if reason is None:
            if not is_last and not (source / file.name).exists():
                raise FileNotFoundError(file.name)
            reason = damage_of(source, file)
        if reason is None:
            sound.append(file)
        else:
            left_out[file.name] = reason
    return sound, left_out


def _forget(manifest: Path, names: Iterable[str]) -> None:
    with closing(sqlite3.connect(manifest)) as db, db:
        db.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in names])


def _copy_files(source: Path, target: Path, files: Iterable[DataFile]) -> None:
    for file in files:
        to = target / file.name
        to.parent.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        part = to.with_name(to.name + ".part")
        part.unlink(missing_ok=True)
        try:
            os.link(source / file.name, part)
        except FileNotFoundError:
            raise
        except OSError:  # another disk, or no hard links
            shutil.copyfile(source / file.name, part)
            part.chmod(PRIVATE)
            _sync(part)
        part.replace(to)


def _remove_others(folder: Path, named: set[str]) -> None:
    for path in folder.glob("*/*=*/*"):
        if str(path.relative_to(folder)) not in named:
            path.unlink(missing_ok=True)


def _own(folder: Path, like: Path) -> None:
    """If root restores, give all the owner of the data directory, so that the service can use it."""
    if os.geteuid() == 0:
        owner = like.stat()
        for path in (folder, *folder.rglob("*")):
            with suppress(OSError):
                os.chown(path, owner.st_uid, owner.st_gid)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
