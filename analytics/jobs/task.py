"""Task: a job that runs once."""

from collections.abc import Callable

from analytics.clock import Clock
from analytics.jobs.job import Job
from analytics.jobs.schedule import Backoff


class Task(Job):
    """Runs `work` once.

    A failed task is not restarted, because part of its work may already be done.

    Args:
        failed: called after a failure.
    """

    def __init__(
        self, name: str, work: Callable[[], None], clock: Clock, backoff: Backoff, failed: Callable[[], None]
    ) -> None:
        super().__init__(name, work, clock, backoff)
        self._on_failure = failed

    def _body(self) -> None:
        self._runs += 1
        self._work()
        self._last_success = self._clock.wall()
        self._state = "done"

    def _record(self, error: BaseException) -> None:
        super()._record(error)
        self._state = "failed"

    def _after_failure(self) -> None:
        self._on_failure()
