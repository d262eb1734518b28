"""The WSGI entry where images are taken all the time, and slowly: whoever kills the service meets one often."""

from gevent import monkey

monkey.patch_all()

import random
from collections.abc import Iterable, Iterator
from typing import NoReturn

from gevent.monkey import get_original

from analytics.storage import checkpoints, database
from analytics.storage.database import Part

checkpoints.LOOK_SECONDS = 0.02
checkpoints.PAUSE_SECONDS = 0.02
checkpoints.MOST_ENTRIES = 5
checkpoints.PUT_BYTES = 256
database.TIDY_BYTES = 64 * 1024
write_all = checkpoints._write_all
sleep = get_original("time", "sleep")  # the child has no event loop


def slowly(into: int, parts: Iterable[Part]) -> NoReturn:
    """Write with pauses."""

    def slow() -> Iterator[Part]:
        for part in parts:
            sleep(random.random() * 0.01)
            yield part

    write_all(into, slow())


checkpoints._write_all = slowly

from wsgi import app

__all__ = ["app"]
