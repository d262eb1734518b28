"""Exports in progress: how many there may be, which of them computes, and which must end."""

from collections.abc import Iterator
from errno import ECONNRESET
from wsgiref.types import WSGIEnvironment

from gevent.lock import BoundedSemaphore

from analytics.errors import Unavailable
from analytics.keys.leases import Leases


class Exports:
    """At most `limit` exports at the same time.

    One of them at a time makes its next chunk, so that requests wait for one chunk however many exports there are.
    A slow client takes no time from others while it receives.

    Args:
        leases: ends exports whose key or session ended.
    """

    def __init__(self, limit: int, leases: Leases) -> None:
        self._limit, self._count = limit, 0
        self.leases = leases
        self._making = BoundedSemaphore(1)

    def stream(self, chunks: Iterator[bytes], environ: WSGIEnvironment) -> "ExportStream":
        """Add an export of these chunks for a request, which ends when the stream is closed.

        Raises:
            Unavailable: there are too many exports.
        """
        if self._count >= self._limit:
            raise Unavailable(
                f"{self._limit} exports are in progress; try again in a moment.",
                code="too_many_exports",
                headers={"Retry-After": "5"},
            )
        self._count += 1
        return ExportStream(self, chunks, environ)

    def next(self, chunks: Iterator[bytes]) -> bytes:
        """Make the next chunk."""
        with self._making:
            return next(chunks)

    def end(self) -> None:
        """Remove an export."""
        self._count -= 1


class ExportStream:
    """The chunks of one export; `close` ends it, as WSGI servers do whatever happens."""

    def __init__(self, exports: Exports, chunks: Iterator[bytes], environ: WSGIEnvironment) -> None:
        self._exports: Exports | None = exports
        self._chunks, self._is_cut = chunks, False
        self._lease = exports.leases.add(environ, self._cut)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._exports is None:
            raise StopIteration
        if self._is_cut:  # an error, so that what was sent does not look whole
            raise ConnectionResetError(ECONNRESET, "the key or session of this export ended")
        return self._exports.next(self._chunks)

    def close(self) -> None:
        """End the export."""
        exports, self._exports = self._exports, None
        if exports is not None:
            exports.leases.remove(self._lease)
            exports.end()

    def _cut(self) -> None:
        self._is_cut = True
