"""Periodic job: runs at a fixed interval; missed ticks are skipped and counted, not made up for."""

from collections.abc import Callable

import gevent

from analytics.clock import Clock
from analytics.jobs.job import Job
from analytics.jobs.report import JobReport, State
from analytics.jobs.schedule import Backoff, next_due


class Periodic(Job):
    """Runs `work` every `interval` seconds; a run that fails ends the greenlet, and the job restarts.

    Args:
        stalled_after: the job is stalled after this many seconds without a successful run.
        skipped: called with the number of missed ticks.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], None],
        clock: Clock,
        backoff: Backoff,
        interval: float,
        stalled_after: float,
        skipped: Callable[[int], None],
    ) -> None:
        super().__init__(name, work, clock, backoff)
        self._interval, self._stalled_after, self._on_skip = interval, stalled_after, skipped
        self._due = self._succeeded = 0.0
        self._skipped, self._lateness = 0, 0.0

    def start(self) -> None:
        if self._greenlet is None:
            self._succeeded = self._clock.monotonic()
            self._due = self._succeeded + self._interval
        super().start()

    @property
    def is_stalled(self) -> bool:
        """Whether the job is started, but no run has succeeded for `stalled_after` seconds."""
        return self._greenlet is not None and self._clock.monotonic() - self._succeeded > self._stalled_after

    @property
    def state(self) -> State:
        return "stalled" if self.is_stalled else super().state

    @property
    def lateness(self) -> float:
        """Delay of the current or latest run, in seconds."""
        return self._lateness

    def report(self) -> JobReport:
        return {**super().report(), "skipped": self._skipped, "lateness_seconds": round(self._lateness, 3)}

    def tick(self) -> None:
        """Run `work` once, now, and schedule the next tick."""
        self._runs += 1
        self._lateness = max(0.0, self._clock.monotonic() - self._due)
        try:
            self._work()
            self._succeeded, self._last_success = self._clock.monotonic(), self._clock.wall()
        finally:
            self._due, missed = next_due(self._due, self._clock.monotonic(), self._interval)
            if missed:
                self._skipped += missed
                self._on_skip(missed)

    def _body(self) -> None:
        while True:
            self._state = "waiting"
            gevent.sleep(max(0.0, self._due - self._clock.monotonic()))
            self._state = "running"
            self.tick()
