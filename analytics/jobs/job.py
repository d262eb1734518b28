"""Job: work in a greenlet of its own, which is started again whenever it ends, however it ends."""

import logging
from collections.abc import Callable

import gevent

from analytics.clock import Clock, rfc3339
from analytics.jobs.report import JobReport, State
from analytics.jobs.schedule import Backoff

ERROR_LIMIT = 200
"""How many characters of an error a report shows."""

log = logging.getLogger(__name__)


class EndedError(Exception):
    """A loop returned, which it never should."""


class Job:
    """A loop that runs for ever; made by `Supervisor`, started and stopped by its owner.

    When the greenlet ends by an error, a stray kill or a return, the failure is recorded and logged at once and another
    greenlet is started after a pause. `stop` is the only way to end it.
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
        """Begin; nothing happens if it was started already."""
        if self._greenlet is None:
            self._in_a_row = 0
            self._state = "running"
            self._spawn(0.0)

    def stop(self) -> None:
        """End the job wherever it is, and wait until it has ended."""
        greenlet, self._greenlet = self._greenlet, None
        if greenlet is not None:
            greenlet.kill()
        self._state = "stopped"  # not before: the greenlet may have gone on until then

    @property
    def state(self) -> State:
        """What the job does now."""
        return self._state

    def report(self) -> JobReport:
        """How the job is."""
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
        """What the greenlet does; returning from it is a failure."""
        self._runs += 1
        self._work()
        raise EndedError("it ended, although it should run for ever")

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
        """Note a failure, before anything else can go wrong."""
        self._state = "restarting"
        self._failures += 1
        self._last_error = f"{type(error).__name__}: {error}".removesuffix(": ")[:ERROR_LIMIT]
        is_calm = self._clock.monotonic() - self._started >= self._backoff.calm
        self._in_a_row = 1 if is_calm else self._in_a_row + 1

    def _after_failure(self) -> None:
        """Called in the greenlet that failed, after the failure was logged."""

    def _ended(self, greenlet: gevent.Greenlet) -> None:
        """Called in the event loop when a greenlet has ended, whatever ended it."""
        if greenlet is not self._greenlet:  # stopped
            return
        if not self._has_begun:
            self._record(gevent.GreenletExit("killed before it began"))
            self._state = "restarting"
        if self._state == "restarting":
            self._spawn(self._backoff.pause(self._in_a_row))
