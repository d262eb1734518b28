"""Numbered lines of a file, compressed or not, read in constant memory."""

import bz2
import codecs
import gzip
import io
import lzma
import os
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import IO, Any, NamedTuple, Self

STDIN = Path("-")
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_OPENERS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
    (_ZSTD_MAGIC, lambda file: _Zstd(file)),
)
NO_ZSTD = (
    "it is compressed by Zstandard, for which zstandard must be installed: pip install 'analytics-dashboard[zstd]'"
)
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class _Zstd:
    """Decompresses Zstandard, frame by frame.

    The library's own `stream_reader` takes a file that is cut off for a whole one.
    """

    #: Bytes decompressed at a time; few, since each may stand for 32 KB.
    _PIECE = 1024

    def __init__(self, file: IO[bytes]) -> None:
        try:
            from zstandard import ZstdDecompressor, ZstdError
        except ImportError:
            raise OSError(NO_ZSTD) from None
        self._file, self._error, self._new = file, ZstdError, ZstdDecompressor().decompressobj
        self._frame = self._new()
        self._begun = False
        self._input = self._left = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end.

        Raises:
            EOFError: the last frame is cut off.
            OSError: the data is damaged.
        """
        while not self._left:
            piece = self._input or self._file.read(self._PIECE)
            if not piece:
                if self._begun:
                    raise EOFError("Compressed file ended before the end of its last frame")
                break
            try:
                self._left = self._frame.decompress(piece)
            except self._error as error:
                raise OSError(str(error)) from None
            self._input, self._begun = b"", True
            if self._frame.eof:
                self._input, self._begun, self._frame = self._frame.unused_data, False, self._new()
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def close(self) -> None:
        """The file is closed by its owner."""


class _Raw(io.RawIOBase):
    """A readable stream for a buffer to read through."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Utf8:
    """Text in another encoding, as UTF-8."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file, self._left = file, b""
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._left:
            piece = self._file.read(max(2, size // 3))
            self._left = self._decode(piece, not piece).encode()
            if not piece:
                break
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def close(self) -> None:
        """The file is closed by its owner."""


class LogUnreadableError(Exception):
    """The file cannot be opened, or its compressed data is damaged; the message says where."""


def _opened(path: Path) -> io.BufferedReader:
    try:
        if path != STDIN:
            return path.open("rb")
        if sys.stdin is None:
            raise OSError("standard input is closed")
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    except OSError as error:
        raise LogUnreadableError(f"cannot open {path}: {error.strerror or error}") from None


@contextmanager
def repeatable(path: Path, on_copy: Callable[[], None]) -> Iterator[Path]:
    """A path that can be read more than once: `path` itself, or of a pipe a temporary copy of all it gives.

    `on_copy` is called before a copy is made, which takes as long as the pipe is open.

    Raises:
        LogUnreadableError: it cannot be opened or copied.
    """
    with _opened(path) as source:
        if source.seekable():
            yield path
            return
        on_copy()
        with NamedTemporaryFile(prefix="analytics-replay-") as copy:
            try:
                shutil.copyfileobj(source, copy, 1 << 18)
                copy.flush()
            except OSError as error:
                raise LogUnreadableError(f"cannot copy {path} to {copy.name}: {error.strerror or error}") from None
            yield Path(copy.name)


class Line(NamedTuple):
    """One line that is not blank; `number` counts all lines from 1, as editors do."""

    number: int
    raw: bytes


class LogFile:
    """One file open for reading once, `-` for standard input.

    Its first bytes tell how it is compressed (gzip, bzip2, xz, Zstandard) and whether it is UTF-16, which is read as
    UTF-8. `size` and `position` are bytes of the file on disk; both are None for a pipe, which has no size.
    Closing puts standard input back to where it was, where it is a file, so that it can be read again.
    `called` is its name in messages, by default its path.
    """

    def __init__(self, path: Path, called: str | None = None) -> None:
        self._path, self._called = path, called or str(path)
        self._file = _opened(path)
        self.size: int | None = os.fstat(self._file.fileno()).st_size if self._file.seekable() else None
        self._start = None if self.size is None else self._file.tell()
        self._layers: list[IO[bytes]] = []
        self._lines: IO[bytes] = self._file
        try:
            magic = self._file.peek(8)
            opener = next((opener for start, opener in _OPENERS if magic.startswith(start)), None)
            if opener is not None:
                # read through a second buffer: readline of these alone is several times slower
                self._lines = self._layer(io.BufferedReader(_Raw(opener(self._file)), 1 << 18))
            encoding = _UTF16.get(self._peek()[:2])
            if encoding is not None:
                self._lines = self._layer(io.BufferedReader(_Raw(_Utf8(self._lines, encoding)), 1 << 18))
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            self.close()
            raise LogUnreadableError(f"cannot read {self._called}: {error}") from None

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
        except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
            raise LogUnreadableError(f"cannot read {self._called} beyond {reached}: {error}") from None

    def close(self) -> None:
        for layer in reversed(self._layers):
            layer.close()
        if self._path == STDIN and self._start is not None and not self._file.closed:
            # the position belongs to all who share the open file, also after this one is closed
            os.lseek(self._file.fileno(), self._start, os.SEEK_SET)
        self._file.close()

    def _layer(self, layer: IO[bytes]) -> IO[bytes]:
        self._layers.append(layer)
        return layer

    def _peek(self) -> bytes:
        peek = getattr(self._lines, "peek", None)
        try:
            return peek(2) if peek is not None else b""
        except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError):
            return b""  # reading the lines raises the error, with its place

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
