"""Lets other greenlets run between requests."""

import time
from wsgiref.types import WSGIEnvironment

import gevent

YIELD_SECONDS = 0.002


class Yielding:
    """Yields to other greenlets once `YIELD_SECONDS` have passed since the last time.

    A busy keep-alive connection would starve them: its next request is always there already, so it never waits.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Yield, if it is time."""
        now = time.perf_counter()
        if now - self._last > YIELD_SECONDS:
            self._last = now
            gevent.sleep(0)
