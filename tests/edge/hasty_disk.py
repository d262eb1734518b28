"""The WSGI entry with frequent and slow checkpoints, so that a kill is likely during one."""

from gevent import monkey

monkey.patch_all()

import random
from collections.abc import Iterable, Iterator
from typing import NoReturn

from gevent.monkey import get_original

from analytics.log.disk import checkpointer, database, erasing
from analytics.log.disk.stored import Part

checkpointer.CHECK_SECONDS = 0.02
checkpointer.MIN_SECONDS = 0.02
checkpointer.MAX_ENTRIES = 5
checkpointer.PUT_BYTES = 256
erasing.PAUSE_SECONDS = 0.05
database.WAL_CHECKPOINT_BYTES = 64 * 1024
write_all = checkpointer._write_all
sleep = get_original("time", "sleep")  # the child has no event loop


def slowly(into: int, parts: Iterable[Part]) -> NoReturn:
    """Write the parts with pauses."""

    def slow() -> Iterator[Part]:
        for part in parts:
            sleep(random.random() * 0.01)
            yield part

    write_all(into, slow())


checkpointer._write_all = slowly

from wsgi import app

__all__ = ["app"]
