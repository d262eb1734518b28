"""Jobs: loops that run by themselves for as long as the service does, whatever goes wrong in them."""

import logging
from collections.abc import Callable

import gevent

RETRY_SECONDS = 1.0
"""How long a job that failed waits before it runs again."""

log = logging.getLogger(__name__)


class Job:
    """Runs `work` in a greenlet of its own, and again where it fails or ends.

    Args:
        name: what it is called in logs.
        work: loops for ever.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name, self._work = name, work
        self._greenlet: gevent.Greenlet | None = None

    def start(self) -> None:
        """Begin, unless begun."""
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """End, wherever the work is."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._greenlet is not None

    def _run(self) -> None:
        while True:
            try:
                self._work()
            except (Exception, gevent.Timeout):
                log.exception("%s failed and is run again", self._name)
            gevent.sleep(RETRY_SECONDS)
