"""The source of log lines and spans: the long-term store, or the memory where there is none."""

from analytics.clock import Clock
from analytics.query.reader import Reader
from analytics.query.records.memory import MemoryRecords
from analytics.query.records.source import RecordSource
from analytics.store.client.client import StoreClient
from analytics.store.client.records import StoredRecords
from analytics.threads import Threads


def make_record_source(client: StoreClient | None, reader: Reader, threads: Threads, clock: Clock) -> RecordSource:
    """The source of a service."""
    return StoredRecords(client) if client is not None else MemoryRecords(reader, threads, clock.monotonic)
