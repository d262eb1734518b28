"""The status of the store, for `/health`, `/stats` and the server itself."""

import os
from pathlib import Path

from analytics.store.files.layout import EVENTS_FOLDER, day_text
from analytics.store.messages import DamagedFile, StoreStatus
from analytics.store.process.catalog import is_readable
from analytics.store.process.opening import OpenStore
from analytics.store.records.layout import RECORD_LAYOUTS

STATM = Path("/proc/self/statm")
NUMBERS = "numbers"
"""The name of minutes, hours and days together."""


def status_of(store: OpenStore, trouble: str | None) -> StoreStatus:
    """The current state of the store."""
    files = store.catalog.files
    read = [file for file in store.catalog.of_events() if is_readable(file)]
    days = [file.day for file in read]
    rows = dict.fromkeys((EVENTS_FOLDER, *RECORD_LAYOUTS), 0)
    for file in [*read, *filter(is_readable, store.catalog.of_records())]:
        rows[file.kind] += file.rows
    sizes = dict.fromkeys((*rows, NUMBERS), 0)
    for file in files:
        sizes[file.kind if file.kind in rows else NUMBERS] += file.bytes
    space = store.keeper.space
    return StoreStatus(
        store.keeper.flusher.progress.upto,
        trouble,
        sum(map(is_readable, files)),
        sum(rows.values()),
        sum(sizes.values()),
        store.tail.rows,
        day_text(min(days)) if days else None,
        day_text(max(days)) if days else None,
        space.max_bytes,
        space.room.free,
        space.room.low,
        store.catalog.erasing(),
        memory(),
        rows,
        sizes,
        dict(store.keeper.days),
        [DamagedFile(file.name, file.damage) for file in files if file.damage is not None],
    )


def memory() -> int:
    """Bytes of memory that this process takes; 0 where the system does not say."""
    try:
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
