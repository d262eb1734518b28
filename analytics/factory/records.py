"""The source of log lines and spans: the long-term store, or the memory where there is none."""

from collections.abc import Callable
from typing import Any

from analytics.clock import Clock
from analytics.query.reader import Reader
from analytics.query.records.memory import MemoryRecords
from analytics.query.records.source import RecordQuery, RecordSource
from analytics.store.client.client import StoreClient
from analytics.store.client.records import StoredRecords
from analytics.threads import Threads


def make_record_source(client: StoreClient | None, reader: Reader, threads: Threads, clock: Clock) -> RecordSource:
    """The source of a service."""
    return StoredRecords(client) if client is not None else MemoryRecords(reader, threads, clock.monotonic)


class RecordsForThreads:
    """A source that may be asked in a thread, too."""

    def __init__(self, records: RecordSource, threads: Threads) -> None:
        self._records, self._threads = records, threads

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """See `RecordSource`."""
        return self._threads.in_loop(lambda: self._records.ask(query, is_wanted))
