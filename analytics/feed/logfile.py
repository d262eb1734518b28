"""Numbered lines of a plain or gzipped file, read in constant memory."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

_GZIP_MAGIC = b"\x1f\x8b"


class LogUnreadableError(Exception):
    """The file cannot be opened, or its compressed data is damaged; the message says where."""


class Line(NamedTuple):
    """One line that is not blank; `number` counts all lines from 1, as editors do."""

    number: int
    raw: bytes


class LogFile:
    """One file open for reading once; whether it is gzipped is told by its first bytes, not its name.

    `size` and `position` are bytes of the file on disk; both are None for a pipe, which has no size.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise LogUnreadableError(f"cannot open {path}: {error.strerror or error}") from None
        self.size: int | None = os.fstat(self._file.fileno()).st_size if self._file.seekable() else None
        gzipped = self._file.peek(2)[:2] == _GZIP_MAGIC
        # A gzip member is read through a second buffer: GzipFile.readline alone is several times slower.
        self._lines: IO[bytes] = (
            io.BufferedReader(gzip.GzipFile(fileobj=self._file), 1 << 18) if gzipped else self._file
        )
        self._gzipped = gzipped

    @property
    def position(self) -> int | None:
        return None if self.size is None else self._file.tell()

    def lines(self, max_bytes: int, *, blank: bool = False) -> Iterator[Line]:
        """Yield every line, blank ones only where wanted; of a longer one only the first `max_bytes` + 1 bytes."""
        number = 0
        while True:
            with self._readable(f"line {number}"):
                raw = self._lines.readline(max_bytes + 1)
                rest = raw
                while len(rest) == max_bytes + 1 and not rest.endswith(b"\n"):
                    rest = self._lines.readline(max_bytes + 1)
            if not raw:
                return
            number += 1
            if blank or not raw.isspace():
                yield Line(number, raw)

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield all of the file, at most `size` bytes at a time."""
        done = 0
        while True:
            with self._readable(f"byte {done}"):
                piece = self._lines.read(size)
            if not piece:
                return
            done += len(piece)
            yield piece

    @contextmanager
    def _readable(self, reached: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            raise LogUnreadableError(f"cannot read {self._path} beyond {reached}: {error}") from None

    def close(self) -> None:
        if self._gzipped:
            self._lines.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
