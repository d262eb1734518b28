"""Yields to other greenlets between requests."""

import time
from wsgiref.types import WSGIEnvironment

from analytics.yielding import yield_to_others

YIELD_SECONDS = 0.002


class Yielding:
    """Yields to other greenlets if `YIELD_SECONDS` have passed since the last yield.

    Without it a busy keep-alive connection starves them: its next request has always arrived, so it never blocks.
    `gevent.sleep(0)` is not enough: where several connections never block, it polls for input only every 50 times.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, environ: WSGIEnvironment) -> None:
        """Yield if it is time."""
        now = time.perf_counter()
        if now - self._last > YIELD_SECONDS:
            self._last = now
            yield_to_others()
