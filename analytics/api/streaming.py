"""Answers of any length in constant memory: some 64 KB at a time, with a turn for all others in between."""

import errno
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple

import gevent

from analytics.api.tables import Form
from analytics.query.export import Bounds, RingExport, Row, Select
from analytics.query.reader import Reader
from analytics.records import R

CHUNK = 64 * 1024
PAGE = 1_000
"""The most records that are looked at between two turns of the others."""
LEVEL = 3
"""Of compression; more costs twice the time for a tenth less."""
STALLED = 60.0
"""Seconds in which a reader must take a chunk, or is cut off."""


class Chunk:
    """Rows in their form, until there are enough of them to be sent."""

    def __init__(self, form: Form) -> None:
        self._form, self._text, self._between = form, bytearray(form.head), b""

    @property
    def is_full(self) -> bool:
        return len(self._text) >= CHUNK

    def add(self, row: Row) -> None:
        """Write one more row."""
        self._text += self._between
        self._text += self._form.row(row)
        self._between = self._form.between

    def take(self) -> bytes:
        """What is there to be sent."""
        text = bytes(self._text)
        self._text.clear()
        return text

    def close(self) -> bytes:
        """The same at the end."""
        self._text += self._form.tail
        return self.take()


class LogExport(NamedTuple, Generic[R]):
    """The wanted records within `bounds` of a ring, a page after the other.

    Each page is asked for anew by its first number, so that a slow reader holds nothing. What has made room for new
    records before its turn comes is left out.
    """

    reader: Reader
    log: RingExport[R]
    bounds: Bounds
    select: Select[R]
    pause: Callable[[], None]

    def chunks(self, form: Form) -> Iterator[bytes]:
        """The rows in their form."""
        chunk, most, (_, after, last) = Chunk(form), PAGE, self.bounds
        while after < last:
            spans = self.reader.ask(self.log.spans, after, most)
            start, after = spans[0].before + spans[0].places.start, spans[-1].before + spans[-1].places.stop
            for number, row in self.log.rows(spans, self.select):
                if number > last:
                    break
                chunk.add(row)
                if chunk.is_full:
                    after = number
                    break
            most = min(PAGE, after - start if chunk.is_full else 2 * most)
            del spans  # a reader that waits holds none of them
            if chunk.is_full:
                yield chunk.take()
            self.pause()
        yield chunk.close()


class TableExport(NamedTuple):
    """Rows that are all there."""

    rows: Iterable[Row]

    def chunks(self, form: Form) -> Iterator[bytes]:
        """The rows in their form."""
        chunk = Chunk(form)
        for row in self.rows:
            chunk.add(row)
            if chunk.is_full:
                yield chunk.take()
        yield chunk.close()


def gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """One gzip member that ends when `chunks` do."""
    packer = zlib.compressobj(LEVEL, wbits=31)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()


def cut_off_when_stalled(chunks: Iterator[bytes], patience: float = STALLED) -> Iterator[bytes]:
    """The same chunks; ends the request of a reader that does not take one within `patience` seconds.

    The server sends a chunk before it asks for the next one, so that is where the time passes.

    Raises:
        BrokenPipeError: in the server, which takes it for a reader that has gone.
    """
    for chunk in chunks:
        with gevent.Timeout(patience, BrokenPipeError(errno.EPIPE, "the reader takes nothing")):
            yield chunk
