"""Scrapes: the answers of GET /metrics, each format made once a second at most."""

from collections.abc import Callable, Iterator, Sequence

from analytics.api.scrape_formats import ScrapeFormat
from analytics.api.sharing import SharedAnswers
from analytics.api.streaming import BUFFER_BYTES, gzipped
from analytics.clock import Clock
from analytics.own_metrics.family import Source
from analytics.query.reader import Reader
from analytics.yielding import yield_to_others


class Scrapes:
    """Makes expositions, yielding to other requests every few milliseconds, and shares them.

    Args:
        connections: returns the number of live connections.
        sources: report the service's metrics about itself.
    """

    def __init__(self, reader: Reader, clock: Clock, connections: Callable[[], int], sources: Sequence[Source]) -> None:
        self._reader, self._connections, self._sources = reader, connections, sources
        self._plain: SharedAnswers[bytes] = SharedAnswers(clock)
        self._gzipped: SharedAnswers[bytes] = SharedAnswers(clock)

    def plain(self, wanted: ScrapeFormat) -> bytes:
        """The exposition in one format."""
        return self._plain.get(wanted.content_type, lambda: self._make(wanted))

    def gzipped(self, wanted: ScrapeFormat) -> bytes:
        """The same, compressed."""
        return self._gzipped.get(wanted.content_type, lambda: b"".join(compressed(self.plain(wanted), yield_to_others)))

    def _make(self, wanted: ScrapeFormat) -> bytes:
        from analytics.query.exposition.render import exposition  # with the first scrape

        connections, sources = self._connections(), self._sources
        parts = self._reader.ask_in_steps(yield_to_others, exposition, connections, wanted.writer(), sources)
        return b"".join(parts)


def compressed(body: bytes, pause: Callable[[], None]) -> Iterator[bytes]:
    """The body as one gzip member; calls `pause` every few milliseconds."""
    for part in gzipped(body[start : start + BUFFER_BYTES] for start in range(0, len(body), BUFFER_BYTES)):
        yield part
        pause()
