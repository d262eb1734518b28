"""FileTail: an open file of which lines are read as they are written."""

import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analytics.feed.ship.places import FilePlace, fingerprint, has_place

LONGEST = 256 * 1024
"""Bytes of a line; a longer one becomes several."""


class FileLine(NamedTuple):
    """A line of a file without its end, and the bytes of the file that it takes."""

    tail: "FileTail"
    token: str
    start: int
    end: int
    raw: bytes


class FileTail:
    """Reads lines of a file, and knows which of them are acknowledged.

    Attributes:
        offset: bytes read.
        check: the fingerprint of what was read.
        acknowledged: the place up to which the service has the lines.
        gone_at: when it was found to be no longer at a path that is followed.
    """

    def __init__(self, file: BinaryIO, path: Path, token: str, offset: int, check: str | None = None) -> None:
        stat = os.fstat(file.fileno())
        self.file, self.path, self.key = file, path, (stat.st_dev, stat.st_ino)
        self.gone_at: float | None = None
        self.is_copy = False
        self._begin(token, offset, fingerprint(file, offset) if check is None else check)

    def _begin(self, token: str, offset: int, check: str) -> None:
        self.token, self.offset, self.check = token, offset, check
        self.acknowledged = FilePlace(str(self.path), *self.key, token, offset, check)

    @property
    def size(self) -> int:
        return os.fstat(self.file.fileno()).st_size

    def is_read_up_to_part(self) -> bool:
        """Whether what is written is read, but perhaps for a line without its end."""
        rest = os.pread(self.file.fileno(), LONGEST, self.offset)
        return b"\n" not in rest and len(rest) < LONGEST

    def was_rewritten(self) -> bool:
        """Whether what was read is no longer there: the file was truncated."""
        return not has_place(self.file, self.offset, self.check)

    def restart(self, token: str) -> None:
        """Read from the start, as another file."""
        self._begin(token, 0, "")

    def read(self, most: int, *, final: bool = False) -> list[FileLine]:
        """Up to `most` lines; one without its end only if it is `final`, or too long."""
        lines: list[FileLine] = []
        chunk = os.pread(self.file.fileno(), LONGEST, self.offset)
        start, base = 0, self.offset
        while len(lines) < most and start < len(chunk):
            found = chunk.find(b"\n", start)
            is_part = found < 0
            if is_part and not (final or (start == 0 and len(chunk) == LONGEST)):
                break
            end = len(chunk) if is_part else found + 1
            raw = chunk[start : end if is_part else found].removesuffix(b"\r")
            lines.append(FileLine(self, self.token, base + start, base + end, raw))
            start = end
        if lines:
            self.offset = base + start
            self.check = fingerprint(self.file, self.offset)
        return lines

    def acknowledge(self, token: str, offset: int) -> None:
        """Note that the service has the lines up to `offset`; not if they are no longer in the file."""
        if token == self.token and offset > self.acknowledged.offset and not self.was_rewritten():
            check = fingerprint(self.file, offset)
            self.acknowledged = FilePlace(str(self.path), *self.key, token, offset, check)

    def close(self) -> None:
        self.file.close()


def last_line_end(file: BinaryIO) -> int:
    """Where a file's last line ends that has its end; a longer rest than a line may have is passed over."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - LONGEST)
    found = os.pread(file.fileno(), size - start, start).rfind(b"\n")
    return start + found + 1 if found >= 0 or start == 0 else size
