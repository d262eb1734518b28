"""Yielding to the event loop during long work."""

import math
import time

import gevent

WORK_SECONDS = 0.002
"""How long greenlets work before others run."""


def yield_to_others() -> None:
    """Wait until the event loop has polled for input once and all ready greenlets have run.

    `gevent.sleep(0)` only runs ready greenlets: gevent polls after 50 such calls. A longer sleep waits for a timer,
    which fires a millisecond late.
    """
    hub = gevent.get_hub()
    busy = hub.loop.idle()  # while active, the loop does not block in its poll
    busy.start(_nothing)
    try:
        hub.wait(hub.loop.check(priority=hub.loop.MINPRI))  # runs after the poll's events
    finally:
        busy.stop()
        busy.close()


class Pace:
    """Knows when others ran last, no matter which code yielded to them."""

    def __init__(self) -> None:
        self._last = -math.inf

    def yield_if_due(self, seconds: float = WORK_SECONDS) -> None:
        """Yield to others, unless somebody did within the last `seconds`."""
        now = time.perf_counter()
        if now - self._last > seconds:
            self._last = now  # greenlets that run meanwhile need not yield themselves
            yield_to_others()
            self._last = time.perf_counter()


yield_if_due = Pace().yield_if_due
"""The pace of all greenlets: they share one event loop."""


def _nothing() -> None:
    pass
