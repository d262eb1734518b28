"""A port that the service listens on in addition, as long as nobody else does."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol

from gevent.event import Event

from analytics.jobs.job import Job
from analytics.jobs.supervisor import Supervisor

RETRY_SECONDS = 2.0
WAIT_SECONDS = 10.0
"""Time for the requests that are being answered when the service stops."""

logger = logging.getLogger(__name__)


class Listener(Protocol):
    """An open port."""

    def close(self) -> None:
        """Accept no more connections, and let the port go."""

    def wait(self, seconds: float) -> None:
        """Wait until the connections have ended, for so many seconds at most."""


class AddedPort:
    """Opens a port as soon as it is free, in a job, and lets it go at the end.

    A port that is taken is no fault: the log says so once, and the job tries again.

    Args:
        name: what the port is for, such as "OpenTelemetry".
    """

    def __init__(self, name: str, jobs: Supervisor) -> None:
        self._name, self._jobs = name, jobs
        self._job: Job | None = None
        self._listener: Listener | None = None
        self._closing = Event()

    def start(self, port: int, open_listener: Callable[[], Listener]) -> None:
        """Open the port from now on; `open_listener` raises OSError where it cannot be listened on."""
        self._job = self._jobs.loop(f"listener for {self._name}", partial(self._run, port, open_listener))
        self._job.start()

    def close(self) -> None:
        """Accept no more connections, and let the port go."""
        self._closing.set()
        if self._listener is not None:
            self._listener.close()

    def stop(self) -> None:
        """Let the port go, and wait until the requests that have arrived are answered."""
        self.close()
        if self._listener is not None:
            self._listener.wait(WAIT_SECONDS)
        if self._job is not None:
            self._job.stop()

    def _run(self, port: int, open_listener: Callable[[], Listener]) -> None:
        is_told = False
        while not self._closing.is_set():
            try:
                self._listener = open_listener()
            except OSError as error:
                if not is_told:
                    logger.warning(
                        "port %d cannot be listened on, so %s is served at the main port only: %s",
                        port,
                        self._name,
                        error.strerror or error,
                    )
                is_told = True
                self._closing.wait(RETRY_SECONDS)
            else:
                logger.info("listening at port %d, too, for %s", port, self._name)
                self._closing.wait()
        Event().wait()  # nothing is left to do until the job is stopped
