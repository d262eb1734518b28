"""The heartbeat of the dashboard: one greenlet that keeps a fixed phase."""

import logging
from collections.abc import Callable

import gevent

from analytics.clock import Clock
from analytics.jobs import Job

log = logging.getLogger(__name__)

STALLED_AFTER = 5.0
"""Seconds without a successful tick after which the ticker counts as stalled."""


class Ticker:
    """Calls `work` every `interval` seconds; a late tick is skipped, a failing one is logged.

    Args:
        dropped: is told of both, by reason and number.
    """

    def __init__(
        self, work: Callable[[], None], clock: Clock, dropped: Callable[[str, int], None], interval: float = 1.0
    ) -> None:
        self._work, self._clock, self._dropped, self._interval = work, clock, dropped, interval
        self._job = Job("the ticker", self._run)
        self._last_success = 0.0

    def start(self) -> None:
        """Begin, unless begun."""
        if not self.running:
            self._last_success = self._clock.monotonic()
            self._job.start()

    def stop(self) -> None:
        """End, also in the middle of a wait."""
        self._job.stop()

    @property
    def running(self) -> bool:
        return self._job.is_running

    @property
    def stalled(self) -> bool:
        """Whether no tick has succeeded for too long."""
        return self.running and self._clock.monotonic() - self._last_success > STALLED_AFTER

    def tick(self) -> None:
        """Work once."""
        try:
            self._work()
        except Exception:
            self._dropped("snapshot_failed", 1)
            log.exception("tick failed")
        else:
            self._last_success = self._clock.monotonic()

    def _run(self) -> None:
        due = self._clock.monotonic() + self._interval
        while True:
            gevent.sleep(max(0.0, due - self._clock.monotonic()))
            self.tick()
            due, missed = next_due(due, self._clock.monotonic(), self._interval)
            if missed:
                self._dropped("snapshot_skipped", missed)


def next_due(due: float, now: float, interval: float) -> tuple[float, int]:
    """The first due time after `now` in the phase of `due`, and how many ticks were missed on the way."""
    missed = max(0, int((now - due) // interval))
    return due + (missed + 1) * interval, missed
