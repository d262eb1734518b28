"""Long answers that are being sent, each made in its thread while its client receives it."""

import time
from collections.abc import Callable, Iterator
from errno import ECONNRESET

import gevent

from analytics.api.prometheus.answers import Chunk
from analytics.promql.errors import QueryCanceled
from analytics.threads import LOOK_SECONDS, Items, NotWantedError

MOST_STREAMS = 4
"""Answers that are being sent at the same time: each holds its samples in memory."""
GRACE_SECONDS = 20.0
"""How long a client may take to receive an answer while others wait for its place."""


class Streams:
    """At most `MOST_STREAMS` answers. When another one waits, the oldest is cut off after `GRACE_SECONDS`."""

    def __init__(self) -> None:
        self._running: dict[AnswerStream, float] = {}

    def __len__(self) -> int:
        return len(self._running)

    def add(self, start: Chunk, items: Items[Chunk], is_wanted: Callable[[], bool]) -> "AnswerStream":
        """Wait until there is room for an answer.

        Args:
            items: chunks after `start`.

        Raises:
            QueryCanceled: it is not wanted any more; it is closed.
        """
        while len(self._running) >= MOST_STREAMS:
            oldest, since = next(iter(self._running.items()))
            if time.monotonic() - since > GRACE_SECONDS:
                oldest.cut()
            elif is_wanted():
                gevent.sleep(LOOK_SECONDS)
            else:
                items.close()
                raise QueryCanceled("the client went away")
        stream = AnswerStream(start, items, self._remove)
        self._running[stream] = time.monotonic()
        return stream

    def _remove(self, stream: "AnswerStream") -> None:
        self._running.pop(stream, None)


class AnswerStream:
    """The chunks of an answer; `close` ends it, as WSGI servers do whatever happens."""

    def __init__(self, start: Chunk, items: Items[Chunk], on_end: Callable[["AnswerStream"], None]) -> None:
        self._start, self._items, self._on_end, self._is_cut = start.content, items, on_end, False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._is_cut:  # an error, so that what was sent does not look whole
            raise ConnectionResetError(ECONNRESET, "the answer was received too slowly")
        if self._start:
            start, self._start = self._start, b""
            return start
        try:
            return next(self._items).content
        except NotWantedError:
            raise ConnectionResetError(ECONNRESET, "the client went away") from None

    def cut(self) -> None:
        """Let it fail at its next chunk."""
        self._is_cut = True
        self.close()

    def close(self) -> None:
        """End the answer."""
        self._items.close()
        self._on_end(self)
