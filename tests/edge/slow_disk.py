"""The WSGI entry with a simulated slow disk: recovery reads the journal one entry at a time."""

from gevent import monkey

monkey.patch_all()

from typing import Any

from gevent.monkey import get_original

from analytics.log.disk import recovery

chunk = recovery.read_chunk
sleep = get_original("time", "sleep")


def slowly(*args: Any) -> Any:
    """Read a chunk after a pause."""
    sleep(0.05)
    return chunk(*args)


recovery.CHUNK_ENTRIES = 1
recovery.PROGRESS_SECONDS = 0.5
recovery.read_chunk = slowly

from wsgi import app

__all__ = ["app"]
