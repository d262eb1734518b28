"""Cumulative counters of requests, errors and latency since the start, for heartbeats."""

import threading
from collections.abc import Callable

SECONDS_AN_HOUR = 3600


class Tally:
    """Counts requests, errors and latency since the start; thread-safe.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Reset, in a forked child."""
        self._lock, self._started = threading.RLock(), self._clock()
        self._requests = self._errors = 0
        self._milliseconds = 0.0

    def request(self, latency_ms: float, *, failed: bool) -> None:
        """Count a request."""
        with self._lock:
            self._requests += 1
            self._errors += failed
            self._milliseconds += latency_ms

    def figures(self) -> dict[str, float]:
        """`request_count`, `error_count`, `avg_latency` in ms and `uptime` in hours."""
        with self._lock:
            return {
                "request_count": self._requests,
                "error_count": self._errors,
                "avg_latency": round(self._milliseconds / max(1, self._requests), 3),
                "uptime": round((self._clock() - self._started) / SECONDS_AN_HOUR, 6),
            }
