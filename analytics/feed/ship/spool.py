"""Spool: a bounded file in which standard input waits until the service has it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from analytics.feed.ship.tail import FileTail

_CHUNK = 64 * 1024
_TRIM = 1 << 20
"""Bytes from which on a file that is sent is emptied."""
_OVER = 1 << 20
"""Bytes above the limit, at which a line that does not end is cut."""


class Spool:
    """Appends what is read from `source` to a file, which is followed like others.

    When the file is full, the source is not read until the service has all of it: who writes to it waits. What is in
    the file at the end is sent by the next run.

    Args:
        most: maximum size in bytes.
    """

    def __init__(self, path: Path, source: BinaryIO, most: int) -> None:
        self.path, self._source, self._most = path, source, most
        self._file = open(path, "ab+", buffering=0)  # noqa: SIM115 - closed by `close`
        self._changed = threading.Condition()
        self.is_ended = self.is_full = False
        self.size = os.fstat(self._file.fileno()).st_size
        if self.size and os.pread(self._file.fileno(), 1, self.size - 1) != b"\n":
            os.write(self._file.fileno(), b"\n")  # an earlier run was killed while it wrote
            self.size += 1

    def start(self) -> None:
        """Read the source in a thread, until it ends."""
        threading.Thread(target=self._copy, name="standard input", daemon=True).start()

    def trim(self, tail: FileTail, token: str, save: Callable[[], None]) -> None:
        """Empty the file once all of it is acknowledged and it is long; `tail` then goes on with `token`."""
        with self._changed:
            is_sent = tail.acknowledged.offset == self.size > 0
            if is_sent and (self.size >= _TRIM or self.is_full or self.is_ended):
                self._file.truncate(0)
                tail.restart(token)
                save()
                self.size, self.is_full = 0, False
                self._changed.notify_all()

    def close(self) -> None:
        self._file.close()

    def _copy(self) -> None:
        last = b"\n"
        while chunk := os.read(self._source.fileno(), _CHUNK):
            with self._changed:
                while chunk:
                    chunk, last = self._take(chunk, last)
        with self._changed:
            if last != b"\n":
                self._append(b"\n")
            self.is_ended = True

    def _take(self, chunk: bytes, last: bytes) -> tuple[bytes, bytes]:
        """Append what there is room for; returns the rest, and the last byte of the file."""
        if self.size < self._most:
            self._append(chunk)
            return b"", chunk[-1:]
        if last == b"\n":
            self.is_full = True
            self._changed.wait()
            return chunk, last
        end = chunk.find(b"\n") + 1
        if not end and self.size > self._most + _OVER:
            self._append(b"\n")
            return chunk, b"\n"
        self._append(chunk[: end or None])
        return chunk[end:] if end else b"", b"\n" if end else chunk[-1:]

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._file.fileno(), view)
            except OSError:  # the disk is full: there is room again when this file is emptied, or others are
                self.is_full = True
                self._changed.wait(1.0)
                continue
            view = view[written:]
            self.size += written
