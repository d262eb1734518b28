"""The lock of a data directory: only the process that holds it may write there."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from analytics.errors import CannotStore
from analytics.log.disk.file import PRIVATE, PRIVATE_DIRECTORY, sync_directory

LOCK_FILE = "lock"


class Holder(NamedTuple):
    """The ids of the process that holds a lock and of its parent; 0 if unknown."""

    process: int
    parent: int


class LockHeld(CannotStore):
    """Error raised when another process holds the lock."""

    def __init__(self, directory: Path, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"ANALYTICS_DATA_DIR={directory} is in use by process {holder.process or '(unknown)'}; only one can "
            "use it. Stop that process, or set ANALYTICS_DATA_DIR to another directory."
        )


class DirectoryLock:
    """The lock of a directory, held until `release` or the end of the process.

    A missing directory is created, for its owner alone.

    Raises:
        LockHeld: another process holds the lock.
        CannotStore: the directory cannot be created or written to.
    """

    def __init__(self, directory: Path) -> None:
        try:
            if not directory.exists():
                directory.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
                sync_directory(directory.parent)
            (directory / LOCK_FILE).touch(PRIVATE)
            self._file = (directory / LOCK_FILE).open("ab+", buffering=0)
        except OSError as error:
            raise CannotStore(
                f"ANALYTICS_DATA_DIR={directory} cannot be used ({error.strerror}). Make it writable, set another "
                "directory, or set it to nothing to keep everything in memory only."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._holder()
            self._file.close()
            raise LockHeld(directory, holder) from None
        with contextlib.suppress(OSError):  # on a full disk the lock holds, but does not name its holder
            self._file.truncate(0)
            self._file.write(f"{os.getpid()} {os.getppid()}\n".encode())

    def release(self) -> None:
        """Release the lock."""
        self._file.close()

    def _holder(self) -> Holder:
        self._file.seek(0)
        numbers = self._file.read().split()
        return Holder(*map(int, numbers)) if len(numbers) == 2 and all(map(bytes.isdigit, numbers)) else Holder(0, 0)
