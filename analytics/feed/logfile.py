"""Reads the lines of a file, compressed or not, in constant memory."""

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
NO_ZSTD = "it is compressed with Zstandard, which needs an extra: pip install 'analytics-dashboard[zstd]'"
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class _Zstd:
    """Decompresses Zstandard, frame by frame.

    The library's own `stream_reader` does not detect that a file is cut off.
    """

    _CHUNK_BYTES = 1024
    """Compressed bytes per step; few, because each may decompress to 32 KB."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            from zstandard import ZstdDecompressor, ZstdError
        except ImportError:
            raise OSError(NO_ZSTD) from None
        self._file, self._error, self._new = file, ZstdError, ZstdDecompressor().decompressobj
        self._frame = self._new()
        self._in_frame = False
        self._input = self._output = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end.

        Raises:
            EOFError: the last frame is cut off.
            OSError: the data is damaged.
        """
        while not self._output:
            chunk = self._input or self._file.read(self._CHUNK_BYTES)
            if not chunk:
                if self._in_frame:
                    raise EOFError("Compressed file ended before the end of its last frame")
                break
            try:
                self._output = self._frame.decompress(chunk)
            except self._error as error:
                raise OSError(str(error)) from None
            self._input, self._in_frame = b"", True
            if self._frame.eof:
                self._input, self._in_frame, self._frame = self._frame.unused_data, False, self._new()
        taken, self._output = self._output[:size], self._output[size:]
        return taken

    def close(self) -> None:
        """Do nothing: the owner closes the file."""


class _Raw(io.RawIOBase):
    """Adapts an object with `read` and `close` to `io.BufferedReader`."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Utf8:
    """Converts text in another encoding to UTF-8."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._file, self._output = file, b""
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self._output:
            chunk = self._file.read(max(2, size // 3))
            self._output = self._decode(chunk, not chunk).encode()
            if not chunk:
                break
        taken, self._output = self._output[:size], self._output[size:]
        return taken

    def close(self) -> None:
        """Do nothing: the owner closes the file."""


class LogUnreadableError(Exception):
    """The file cannot be opened, or is damaged; the message says where."""


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
def rereadable(path: Path, on_copy: Callable[[], None]) -> Iterator[Path]:
    """A path that can be read more than once: `path` itself, or a temporary copy if it is a pipe.

    `on_copy` is called before the copy, which takes until the pipe is closed.

    Raises:
        LogUnreadableError: the file cannot be opened or copied.
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


UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)
"""Errors of reading a file that is damaged or away."""


class Line(NamedTuple):
    """A line of a file; `number` counts all lines from 1, also blank ones."""

    number: int
    raw: bytes


class LogFile:
    """A file that is read once, from start to end; the path `-` is standard input.

    Compression (gzip, bzip2, xz, Zstandard) is detected from the first bytes, and UTF-16 is converted to UTF-8. `size`
    and `position` count bytes on disk; both are None for a pipe. Closing restores the position of standard input if
    that is a file, so that it can be read again. `called` is the name in messages, by default the path.
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
                # buffered again, because readline of the decompressors is several times slower
                self._lines = self._layer(io.BufferedReader(_Raw(opener(self._file)), 1 << 18))
            encoding = _UTF16.get(self._peek()[:2])
            if encoding is not None:
                self._lines = self._layer(io.BufferedReader(_Raw(_Utf8(self._lines, encoding)), 1 << 18))
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            self.close()
            raise LogUnreadableError(f"cannot read {self._called}: {error}") from None

    @property
    def position(self) -> int | None:
        """Bytes read from disk so far."""
        return None if self.size is None else self._file.tell()

    def lines(self, max_bytes: int, *, blank: bool = False) -> Iterator[Line]:
        """Yield the lines, blank ones only if `blank`; a line that is too long is cut to `max_bytes` + 1 bytes."""
        number, readline = 0, self._lines.readline
        while True:
            try:  # without a context manager, which would take more time than all else
                raw = readline(max_bytes + 1)
                rest = raw
                while len(rest) == max_bytes + 1 and not rest.endswith(b"\n"):
                    rest = readline(max_bytes + 1)
            except UNREADABLE as error:
                raise self._unreadable(f"line {number}", error) from None
            if not raw:
                return
            number += 1
            if blank or not raw.isspace():
                yield Line(number, raw)

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the content, at most `size` bytes at a time."""
        done = 0
        while True:
            try:
                chunk = self._lines.read(size)
            except UNREADABLE as error:
                raise self._unreadable(f"byte {done}", error) from None
            if not chunk:
                return
            done += len(chunk)
            yield chunk

    def _unreadable(self, reached: str, error: Exception) -> LogUnreadableError:
        return LogUnreadableError(f"cannot read {self._called} beyond {reached}: {error}")

    def close(self) -> None:
        for layer in reversed(self._layers):
            layer.close()
        if self._path == STDIN and self._start is not None and not self._file.closed:
            # the position is shared with other processes, and stays after this descriptor is closed
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
            return b""  # reading the lines raises the error again, with its position

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
