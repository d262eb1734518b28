"""Places: how far each followed file is acknowledged, and the file in which they are kept."""

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

VERSION = 1
_EDGE = 256
"""Bytes at the start of a file, and before a place in it, by which it is recognised."""
SHORT = "short"
"""The fingerprint of a file that has fewer bytes."""


class StateError(Exception):
    """The state file cannot be used; the message is one line for people."""


class FilePlace(NamedTuple):
    """How far a file is acknowledged.

    Attributes:
        path: where it was seen last.
        device, inode: its identity while it exists.
        token: begins the ids of its lines; a file that is truncated gets a new one.
        offset: bytes whose lines the service has acknowledged.
        check: the `fingerprint` at this offset.
    """

    path: str
    device: int
    inode: int
    token: str
    offset: int
    check: str


def fingerprint(file: BinaryIO, offset: int) -> str:
    """Digest of the bytes at the start of a file and of those before `offset`; empty at offset 0.

    Another file, and one that was truncated and written again, have another one, or are shorter, which is `SHORT`.
    """
    if offset == 0:
        return ""
    if offset > os.fstat(file.fileno()).st_size:
        return SHORT
    from hashlib import blake2b

    head = os.pread(file.fileno(), min(_EDGE, offset), 0)
    tail = os.pread(file.fileno(), min(_EDGE, offset), max(0, offset - _EDGE))
    is_whole = len(head) == len(tail) == min(_EDGE, offset)
    return blake2b(head + tail, digest_size=8).hexdigest() if is_whole else SHORT


def has_place(file: BinaryIO, offset: int, check: str) -> bool:
    """Whether a file has the bytes up to `offset` whose fingerprint is `check`."""
    found = fingerprint(file, offset)
    return found == check and found != SHORT


class StateFile:
    """Keeps places over restarts, in JSON; one process at a time may use it.

    Raises:
        StateError: another process uses it, or its folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = open(f"{path}.lock", "ab")  # noqa: SIM115 - held until `close`
        except OSError as error:
            raise StateError(f"cannot write the state file {path}: {error.strerror or error}; see --state") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise StateError(
                f"another process uses the state file {path}; give this one its own with --state"
            ) from None

    def read(self) -> list[FilePlace] | None:
        """The places; None if nothing was kept yet.

        Raises:
            StateError: the file is damaged.
        """
        try:
            saved = json.loads(self.path.read_bytes())
            if saved["version"] != VERSION:
                raise ValueError
            return [_place(each) for each in saved["files"]]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            raise StateError(
                f"the state file {self.path} cannot be read; without it, files are followed from their ends"
            ) from None

    def write(self, places: Iterable[FilePlace]) -> None:
        """Keep places in place of the earlier ones.

        Raises:
            StateError: the file cannot be written.
        """
        new = f"{self.path}.new"
        try:
            with open(new, "w") as file:
                json.dump({"version": VERSION, "files": [place._asdict() for place in places]}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, self.path)
        except OSError as error:
            raise StateError(f"cannot write the state file {self.path}: {error.strerror or error}") from None

    def close(self) -> None:
        """Let other processes use it."""
        self._lock.close()


def _place(saved: dict[str, object]) -> FilePlace:
    path, device, inode, token, offset, check = (saved[name] for name in FilePlace._fields)
    texts = all(isinstance(text, str) for text in (path, token, check))
    if not (texts and all(type(number) is int and number >= 0 for number in (device, inode, offset))):
        raise ValueError
    return FilePlace(**saved)  # type: ignore[arg-type]
