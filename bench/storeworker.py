"""What the long-term store costs the worker: the CPU time in which it tells the store process what it has applied.

`python -m bench.storeworker` prints the microseconds an event. All else happens in the store process.
"""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

BATCH, BATCHES, SECONDS = 1_000, 20, 10
"""Events of a batch, batches between two tellings, of which there is one a second, and how many of these there are."""


def main() -> None:
    """Record events in this process, and tell the store process beside it."""
    from analytics.records import NewEvent
    from tests.store.rig import Keeping

    data = msgspec.Raw(b'{"endpoint":"/api/products","latency":30.5,"status":200,"category":"category-118"}')
    with TemporaryDirectory(prefix="bench-") as folder, Keeping(Path(folder) / "data") as disk:
        _, reporter = disk.client.jobs
        reporter.stop()
        disk.until(lambda: disk.client._ready.is_set())
        used = 0.0
        for _ in range(SECONDS):
            for _ in range(BATCHES):
                disk.events(*[NewEvent("request", "shop", data=data) for _ in range(BATCH)])
            before = time.thread_time()
            disk.client._tell()
            used += time.thread_time() - before
    print(used / (SECONDS * BATCHES * BATCH) * 1e6)


if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()
    os.environ.setdefault("ANALYTICS_LOG_LEVEL", "WARNING")
    main()
