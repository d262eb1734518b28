"""Job: a loop in its own greenlet, which is restarted whenever it ends."""

import logging
from collections.abc import Callable

import gevent

from analytics.clock import Clock, rfc3339
from analytics.jobs.report import JobReport, State
from analytics.jobs.schedule import Backoff

ERROR_LIMIT = 200
"""Maximum length of an error in a report, in characters."""

log = logging.getLogger(__name__)


class EndedError(Exception):
    """The work of a loop returned, although it should run for ever."""


class Job:
    """A loop that runs for ever; created by `Supervisor`, started and stopped by its owner.

    When its greenlet ends through an error, a stray kill or a return, the failure is recorded and logged at once, and
    the job restarts in a new greenlet after a pause. Only `stop` ends it.
    """

    def __init__(self, name: str, work: Callable[[], None], clock: Clock, backoff: Backoff) -> None:
        self.name = name
        self._work, self._clock, self._backoff = work, clock, backoff
        self._greenlet: gevent.Greenlet | None = None
        self._state: State = "stopped"
        self._has_begun = False
        self._started = 0.0
        self._in_a_row = 0
        self._runs = self._failures = 0
        self._last_error: str | None = None
        self._last_success: float | None = None

    def start(self) -> None:
        """Start the job, unless it is running."""
        if self._greenlet is None:
            self._in_a_row = 0
            self._state = "running"
            self._spawn(0.0)

    def stop(self) -> None:
        """Kill the greenlet, and wait until it has ended."""
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None:
            greenlet.kill()
        self._state = "stopped"  # only now: the greenlet may have set its state while it ended

    @property
    def state(self) -> State:
        """Current state."""
        return self._state

    def report(self) -> JobReport:
        """State, counts of runs and failures, and the newest error."""
        return {
            "name": self.name,
            "state": self.state,
            "runs": self._runs,
            "failures": self._failures,
            "skipped": 0,
            "last_error": self._last_error,
            "last_success": None if self._last_success is None else rfc3339(self._last_success),
            "lateness_seconds": None,
        }

    def _body(self) -> None:
        """Run in the greenlet; returning is a failure."""
        self._runs += 1
        self._work()
        raise EndedError("the work returned, although it should run for ever")

    def _spawn(self, pause: float) -> None:
        self._has_begun = False
        self._greenlet = gevent.Greenlet(self._run)
        self._greenlet.rawlink(self._ended)
        if pause:
            self._greenlet.start_later(pause)
        else:
            self._greenlet.start()

    def _run(self) -> None:
        self._has_begun = True
        self._state, self._started = "running", self._clock.monotonic()
        try:
            self._body()
        except BaseException as error:
            if gevent.getcurrent() is self._greenlet:
                self._record(error)
                log.exception("the %s failed", self.name)
                self._after_failure()
            elif not isinstance(error, gevent.GreenletExit):
                log.exception("the %s failed while it was stopped", self.name)
            if isinstance(error, KeyboardInterrupt):
                raise

    def _record(self, error: BaseException) -> None:
        """Record a failure; called first, before anything else can fail."""
        self._state = "restarting"
        self._failures += 1
        self._last_error = f"{type(error).__name__}: {error}".removesuffix(": ")[:ERROR_LIMIT]
        is_calm = self._clock.monotonic() - self._started >= self._backoff.calm
        self._in_a_row = 1 if is_calm else self._in_a_row + 1

    def _after_failure(self) -> None:
        """Hook, called in the greenlet after its failure was logged."""

    def _ended(self, greenlet: gevent.Greenlet) -> None:
        """Restart the job; called in the event loop when a greenlet has ended for any reason."""
        if greenlet is not self._greenlet:  # stopped
            return
        if not self._has_begun:
            self._record(gevent.GreenletExit("killed before it began"))
            self._state = "restarting"
        if self._state == "restarting":
            self._spawn(self._backoff.pause(self._in_a_row))
