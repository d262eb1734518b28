"""Downloads an export from the service, and writes a file only if the export is complete."""

import gzip
import os
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

import requests
import urllib3.exceptions

from analytics.feed.errors import FeedError, RefusedError
from analytics.feed.service_client import ServiceClient

_CHUNK_BYTES = 1 << 14
_OVERHEAD = {"csv": 1, "json": 2}  # lines of a file that are not rows


class BrokenExportError(FeedError):
    """The export ended early."""


class NotWritableError(FeedError):
    """The file cannot be written."""


class Export:
    """A running export of `kind`. `name` is the file name that the service suggests."""

    def __init__(self, client: ServiceClient, kind: str, form: str, filters: Sequence[tuple[str, str]]) -> None:
        self._response = client.download(f"/export/{kind}", [("format", form), *filters])
        self._lines, self._overhead = 0, _OVERHEAD.get(form, 0)
        self._is_gzipped = self._response.headers.get("Content-Encoding") == "gzip"
        headers = self._response.headers
        if not self._is_gzipped and "Transfer-Encoding" not in headers and "Content-Length" not in headers:
            self.close()
            raise RefusedError(
                f"{client.url} sends exports without their length, so an incomplete one would go unnoticed"
            )
        suggested = re.search(r'filename="([\w.-]+)"', headers.get("Content-Disposition", ""))
        self.name = suggested[1] if suggested and not suggested[1].startswith(".") else f"{kind}.{form}"

    @property
    def rows(self) -> int:
        """Rows received so far."""
        return max(0, self._lines - self._overhead)

    def chunks(self) -> Iterator[bytes]:
        """Yield the decompressed content.

        Raises:
            BrokenExportError: the export ended early.
        """
        decompressor = zlib.decompressobj(wbits=31)
        try:
            for chunk in self._response.raw.stream(_CHUNK_BYTES, decode_content=False):
                text = decompressor.decompress(chunk) if self._is_gzipped else chunk
                self._lines += text.count(b"\n")
                yield text
        except (urllib3.exceptions.HTTPError, requests.RequestException, zlib.error, OSError) as error:
            raise BrokenExportError(f"the export ended early: {error}") from None
        if self._is_gzipped and not decompressor.eof:
            raise BrokenExportError("the export ended early: its end is missing")

    def close(self) -> None:
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def replace_when_complete(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces `path` when the block succeeds, and is deleted when it fails.

    A name that ends with `.gz` is compressed.

    Raises:
        NotWritableError: the file cannot be written.
    """
    if path.exists() and not path.is_file():  # write to a pipe or device directly
        with _write_errors(path), path.open("wb") as special:
            yield special
        return
    target = Path(os.path.realpath(path))  # a symbolic link stays, and what it leads to is replaced
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with _write_errors(path):
            with part.open("wb") as file:
                if path.suffix == ".gz":
                    with gzip.GzipFile(path.stem, "wb", fileobj=file) as compressed:
                        yield compressed  # type: ignore[misc]
                else:
                    yield file
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def standard_output() -> Iterator[IO[bytes]]:
    """Standard output, flushed at the end of the block.

    Raises:
        NotWritableError: it cannot be written. BrokenPipeError passes: click ends a command whose reader is gone.
    """
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is flushed at exit
        raise NotWritableError(f"cannot write standard output: {error.strerror or error}") from None


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Turn OSError into NotWritableError."""
    try:
        yield
    except OSError as error:
        raise NotWritableError(f"cannot write {path}: {error.strerror or error}") from None
