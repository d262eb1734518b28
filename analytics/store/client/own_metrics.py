"""Own metrics of the long-term store."""

from collections.abc import Iterator

from analytics.own_metrics.family import Family, gauge
from analytics.store.client.client import StoreClient


def store_families(client: StoreClient) -> Iterator[Family]:
    """The metrics of a store, as its process reported them some seconds ago."""
    status = client.status
    yield gauge("store_files", "Files of the long-term store that are read", status.files)
    yield gauge("store_file_bytes", "Size of the files of the long-term store", status.bytes)
    yield gauge("store_records", "Records in files of the long-term store", status.rows)
    yield gauge("store_waiting_records", "Records that are in no file of the long-term store yet", status.tail_rows)
    yield gauge("store_damaged_files", "Files of the long-term store that are left out", len(status.damaged))
    yield gauge("store_erasures", "Erasures that are not complete in all files", status.erasing)
    yield gauge("store_memory_bytes", "Resident memory of the process of the long-term store", status.memory_bytes)
    yield gauge("store_usable", "1 if the long-term store can be read and written, else 0", int(status.trouble is None))
