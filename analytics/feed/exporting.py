"""Takes an export from the service, and leaves a file only where it came whole."""

import gzip
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

import requests
import urllib3.exceptions

from analytics.feed.sender import FeedError, RefusedError, Sender

_PIECE = 1 << 14
_OVERHEAD = {"csv": 1, "json": 2}  # lines of a file that are no rows


class BrokenExportError(FeedError):
    """The export ended before it was complete."""


class NotWritableError(FeedError):
    """The file cannot be written."""


class Export:
    """An export of `kind` on its way: `name` is what the service calls the file, `rows` how many have come so far."""

    def __init__(self, sender: Sender, kind: str, form: str, filters: Sequence[tuple[str, str]]) -> None:
        self._response = sender.download(f"/export/{kind}", [("format", form), *filters])
        self._lines, self._overhead = 0, _OVERHEAD.get(form, 0)
        self._is_packed = self._response.headers.get("Content-Encoding") == "gzip"
        headers = self._response.headers
        if not self._is_packed and "Transfer-Encoding" not in headers and "Content-Length" not in headers:
            self.close()
            raise RefusedError(f"{sender.url} answers in a way in which a broken export would look like a whole one")
        told = re.search(r'filename="([\w.-]+)"', headers.get("Content-Disposition", ""))
        self.name = told[1] if told and not told[1].startswith(".") else f"{kind}.{form}"

    @property
    def rows(self) -> int:
        return max(0, self._lines - self._overhead)

    def texts(self) -> Iterator[bytes]:
        """All of it, piece by piece.

        Raises:
            BrokenExportError: it ends before it is complete.
        """
        unpacker = zlib.decompressobj(wbits=31)
        try:
            for piece in self._response.raw.stream(_PIECE, decode_content=False):
                text = unpacker.decompress(piece) if self._is_packed else piece
                self._lines += text.count(b"\n")
                yield text
        except (urllib3.exceptions.HTTPError, requests.RequestException, zlib.error, OSError) as error:
            raise BrokenExportError(f"the export broke off: {error}") from None
        if self._is_packed and not unpacker.eof:
            raise BrokenExportError("the export broke off: its end is missing")

    def close(self) -> None:
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def replaced_when_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when all went well, and leaves nothing when not; `.gz` is gzipped.

    Raises:
        NotWritableError: it cannot be written.
    """
    if path.exists() and not path.is_file():  # a pipe or a device is written as it is
        with _told(path), path.open("wb") as special:
            yield special
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with _told(path):
            with part.open("wb") as file:
                if path.suffix == ".gz":
                    with gzip.GzipFile(path.stem, "wb", fileobj=file) as packed:
                        yield packed  # type: ignore[misc]
                else:
                    yield file
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotWritableError(f"cannot write {path}: {error.strerror or error}") from None
