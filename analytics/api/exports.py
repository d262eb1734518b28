"""Exports in progress: how many there may be, and which of them computes."""

from collections.abc import Iterator

from gevent.lock import BoundedSemaphore

from analytics.errors import Unavailable


class Exports:
    """At most `limit` exports at the same time.

    One of them at a time makes its next chunk, so that requests wait for one chunk however many exports there are.
    A slow client takes no time from others while it receives.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._count = limit, 0
        self._making = BoundedSemaphore(1)

    def stream(self, chunks: Iterator[bytes]) -> "ExportStream":
        """Add an export of these chunks, which ends when the stream is closed.

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
        return ExportStream(self, chunks)

    def next(self, chunks: Iterator[bytes]) -> bytes:
        """Make the next chunk."""
        with self._making:
            return next(chunks)

    def end(self) -> None:
        """Remove an export."""
        self._count -= 1


class ExportStream:
    """The chunks of one export; `close` ends it, as WSGI servers do whatever happens."""

    def __init__(self, exports: Exports, chunks: Iterator[bytes]) -> None:
        self._exports: Exports | None = exports
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._exports is None:
            raise StopIteration
        return self._exports.next(self._chunks)

    def close(self) -> None:
        """End the export."""
        exports, self._exports = self._exports, None
        if exports is not None:
            exports.end()
