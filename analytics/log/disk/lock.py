"""One owner: who holds the lock of a data directory is the only one that writes there."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from analytics.errors import CannotStore
from analytics.log.disk.file import sync_directory

FILE_NAME = "lock"


class Holder(NamedTuple):
    """The process that holds a lock, and its parent, by their ids; 0 where that is not known."""

    process: int
    parent: int


class LockHeld(CannotStore):
    """Another process holds the lock."""

    def __init__(self, directory: Path, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"ANALYTICS_DATA_DIR={directory} is in use by process {holder.process or '(unknown)'}: it has one owner. "
            "Stop that one, or set ANALYTICS_DATA_DIR to another directory."
        )


class DirectoryLock:
    """The lock of a directory, which is made where there is none; held until `release` or the end of the process.

    Raises:
        LockHeld: another process holds it.
        CannotStore: the directory cannot be made or written to.
    """

    def __init__(self, directory: Path) -> None:
        try:
            if not directory.exists():
                directory.mkdir(parents=True, exist_ok=True)
                sync_directory(directory.parent)
            self._file = (directory / FILE_NAME).open("ab+", buffering=0)
        except OSError as error:
            raise CannotStore(
                f"ANALYTICS_DATA_DIR={directory} cannot be used ({error.strerror}). Make it writable, set another "
                "directory, or set it to nothing to keep everything in memory."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._holder()
            self._file.close()
            raise LockHeld(directory, holder) from None
        with contextlib.suppress(OSError):  # a full disk: the lock holds, only nobody is told who has it
            self._file.truncate(0)
            self._file.write(f"{os.getpid()} {os.getppid()}\n".encode())

    def release(self) -> None:
        """Let go of it."""
        self._file.close()

    def _holder(self) -> Holder:
        self._file.seek(0)
        numbers = self._file.read().split()
        return Holder(*map(int, numbers)) if len(numbers) == 2 and all(map(bytes.isdigit, numbers)) else Holder(0, 0)
