"""Streams exports of any length in constant memory: about 64 KB at a time, yielding to other requests in between."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from errno import ECONNRESET
from typing import Generic, NamedTuple

from analytics.api.tables import Form
from analytics.errors import Unavailable
from analytics.query.export import Bounds, RingExport, Row, Select
from analytics.query.reader import Reader
from analytics.records import R

BUFFER_BYTES = 64 * 1024
RECORDS_PER_READ = 1_000
"""Maximum number of records examined between two yields."""
LEVEL = 3
"""Compression level; the next one takes twice the time for a tenth less."""


class RowBuffer:
    """Buffer of formatted rows, until there are enough of them to send."""

    def __init__(self, form: Form) -> None:
        self._form, self._text, self._between = form, bytearray(form.head), b""

    @property
    def is_full(self) -> bool:
        return len(self._text) >= BUFFER_BYTES

    def add(self, row: Row) -> None:
        """Append a row."""
        self._text += self._between
        self._text += self._form.row(row)
        self._between = self._form.between

    def take(self) -> bytes:
        """Return the content and empty the buffer."""
        text = bytes(self._text)
        self._text.clear()
        return text

    def close(self) -> bytes:
        """Append the end of the document and return the content."""
        self._text += self._form.tail
        return self.take()


Older = Callable[[int, int], tuple[Iterable[Row], int]]
"""Some rows numbered above the first number and up to the second, in order, and up to which number these are all.

Raises:
    Unavailable: they cannot be read now.
"""


class LogExport(NamedTuple, Generic[R]):
    """Selected records of a ring within `bounds`, page by page; `older` has those that are not in the ring.

    Each page is read by number when it is needed, so that a slow client keeps no records in memory. Records that the
    ring has overwritten by then are older ones; without `older`, they are left out.
    """

    reader: Reader
    log: RingExport[R]
    bounds: Bounds
    select: Select[R]
    pause: Callable[[], None]
    older: Older | None = None

    def chunks(self, form: Form) -> Iterator[bytes]:
        """Yield the formatted rows."""
        chunk, most, (_, after, last) = RowBuffer(form), RECORDS_PER_READ, self.bounds
        while after < last:
            slices = self.reader.ask(self.log.slices, after, most)
            start = slices[0].before + slices[0].places.start if slices else last
            if self.older is not None and start > after:
                del slices
                rows, after = self._older(after, min(start, last))
                for row in rows:
                    chunk.add(row)
                    if chunk.is_full:
                        yield chunk.take()
                self.pause()
                continue
            if not slices:  # the last numbers were skipped
                break
            after = slices[-1].before + slices[-1].places.stop
            for number, row in self.log.rows(slices, self.select):
                if number > last:
                    break
                chunk.add(row)
                if chunk.is_full:
                    after = number
                    break
            most = min(RECORDS_PER_READ, after - start if chunk.is_full else 2 * most)
            del slices  # keeps no records in memory while the client is waited for
            if chunk.is_full:
                yield chunk.take()
            self.pause()
        yield chunk.close()

    def _older(self, after: int, last: int) -> tuple[Iterable[Row], int]:
        assert self.older is not None
        try:
            return self.older(after, last)
        except Unavailable as error:  # an error, so that what was sent does not look whole
            raise ConnectionResetError(ECONNRESET, error.message) from error


class TableExport(NamedTuple):
    """Rows that are in memory already."""

    rows: Iterable[Row]

    def chunks(self, form: Form) -> Iterator[bytes]:
        """Yield the formatted rows."""
        chunk = RowBuffer(form)
        for row in self.rows:
            chunk.add(row)
            if chunk.is_full:
                yield chunk.take()
        yield chunk.close()


def gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Compress `chunks` to one gzip member."""
    packer = zlib.compressobj(LEVEL, wbits=31)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()
