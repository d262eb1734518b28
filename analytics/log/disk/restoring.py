"""Restoring: a backup replaces the database of a stopped service. The old database is kept beside it."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from analytics.errors import CannotStore
from analytics.log.disk.backup import Progress, checked_copy, remove
from analytics.log.disk.file import FILE_NAME, beside, checked_uri, sync_directory
from analytics.log.disk.inspection import Inspection, inspect
from analytics.log.disk.lock import LOCK_FILE as LOCK_NAME
from analytics.log.disk.lock import DirectoryLock

WAL, SHM = "-wal", "-shm"
RESTORE_BUSY_SECONDS = 5.0


class Restored(NamedTuple):
    """The content of the database now, and the path of the old one; None if there was none."""

    inspection: Inspection
    kept: Path | None


def restore(source: Path, directory: Path, stamp: str, progress: Progress) -> Restored:
    """Replace the database in `directory` with the backup `source`.

    At every instant, `directory` has either the old database or the new one, complete.

    Args:
        stamp: a time for the name of the old database.

    Raises:
        CannotStore: the backup cannot be used, or the directory is in use or cannot be written to. The old database is
            complete.
    """
    damage = inspect(source).damage
    if damage:
        raise CannotStore(f"{source} is damaged ({damage[0]}): see `inspect`. Nothing was changed.")
    path = directory / FILE_NAME
    if path.exists() and path.samefile(source):
        raise CannotStore(f"{source} is the database itself: name a backup.")
    is_new = not directory.exists()
    lock = DirectoryLock(directory)
    fresh = path.with_name(f"{FILE_NAME}.restoring")
    kept: Path | None = None
    try:
        found = checked_copy(source, fresh, progress)
        _prepare(fresh, path if path.exists() else directory)
        if path.exists():
            kept = _keep_old(path, stamp)
        else:
            _move_wal_away(path, stamp)
        fresh.replace(path)
        sync_directory(directory)
    except (OSError, sqlite3.Error) as error:
        raise CannotStore(f"{directory} cannot be written to ({error}). The old database is {kept or path}.") from error
    finally:
        remove(fresh)
        if is_new:
            _copy_owner(directory, directory.parent)
        _copy_owner(directory / LOCK_NAME, directory)
        lock.release()
    found.path, found.sizes = path, {path.name: path.stat().st_size}
    return Restored(found, kept)


def _prepare(fresh: Path, like: Path) -> None:
    """Prepare a copy for the service: with a write-ahead log, the mode and owner of `like`, and synced to the disk."""
    with closing(sqlite3.connect(fresh, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL").fetchall()
    if like.is_file():
        shutil.copymode(like, fresh)
    _copy_owner(fresh, like)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())


def _keep_old(path: Path, stamp: str) -> Path:
    """Give the old database a second name, which is returned, and remove the write-ahead log at `path`.

    The write-ahead log of a damaged database is kept with it. It must never be beside another database, to which
    SQLite would apply it.
    """
    _checkpoint_wal(path)
    kept = _unused_name(path, stamp)
    _link(path, kept)
    wal = beside(path, WAL)
    if wal.exists():
        _link(wal, beside(kept, WAL))
    sync_directory(path.parent)
    beside(path, SHM).unlink(missing_ok=True)  # SQLite rebuilds it from the write-ahead log
    wal.unlink(missing_ok=True)
    return kept


def _checkpoint_wal(path: Path) -> None:
    """Copy the write-ahead log into the file, as the next start of the service would, unless the file is damaged."""
    try:
        uri = checked_uri(path)
    except (CannotStore, sqlite3.DatabaseError):
        return
    with closing(sqlite3.connect(f"{uri}?mode=rw", uri=True, isolation_level=None, timeout=RESTORE_BUSY_SECONDS)) as db:
        ((busy, _, _),) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if busy:
        raise CannotStore(f"{path} is being read by another process: try again when that is done.")


def _move_wal_away(path: Path, stamp: str) -> None:
    """Move away a write-ahead log without a database: SQLite would apply it to the new one."""
    beside(path, SHM).unlink(missing_ok=True)
    if beside(path, WAL).exists():
        beside(path, WAL).rename(beside(_unused_name(path, stamp), WAL))


def _unused_name(path: Path, stamp: str) -> Path:
    """An unused name for the old database."""
    name = f"{path.name}.before-restore-{stamp}"
    names = (path.with_name(each) for each in chain([name], (f"{name}-{number}" for number in count(2))))
    return next(each for each in names if not each.exists() and not beside(each, WAL).exists())


def _link(path: Path, name: Path) -> None:
    """Give a file a second name, or make a copy if the file system has no hard links."""
    try:
        name.hardlink_to(path)
    except OSError:
        shutil.copy2(path, name)
        with name.open("rb") as file:
            os.fsync(file.fileno())


def _copy_owner(path: Path, like: Path) -> None:
    """If root restores, give `path` the owner of `like`, so that the service can use it."""
    if os.geteuid() == 0:
        owner = like.stat()
        with suppress(OSError):
            os.chown(path, owner.st_uid, owner.st_gid)
