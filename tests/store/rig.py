"""A service without HTTP that has a long-term store: the real process of the store beside it."""

import json
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent

from analytics.clock import SystemClock
from analytics.errors import Unavailable
from analytics.jobs.schedule import Backoff
from analytics.jobs.supervisor import Supervisor
from analytics.store.client.client import StoreClient
from analytics.store.options import StoreOptions
from tests.log.disk.disk import Disk
from tests.store.mortal import MORTAL

PATIENCE = 60.0


class Keeping(Disk):
    """A service with a store in the data directory `path`.

    Args:
        command: runs the store process.
        options: of the store process.
    """

    def __init__(
        self,
        path: Path,
        wall: float | None = None,
        *,
        command: Sequence[str] = MORTAL,
        options: Any = None,
        **limits: Any,
    ) -> None:
        self.options = StoreOptions(str(path), nice=0, log_level="WARNING", **(options or {}))
        self.command = list(command)
        super().__init__(path, time.time() if wall is None else wall, starts=True, **limits)
        for job in self.client.jobs:
            job.start()

    def opened(self, position: int) -> None:
        jobs = Supervisor(SystemClock(), Backoff(0.01, 0.01))
        self.client = StoreClient(self.options, self.log, jobs, lambda: self.state.events.last_sequence, self.command)
        self.client.opened(position)

    def answer(self, op: str, **args: Any) -> Any:
        """The answer of an operation, as JSON."""
        with gevent.Timeout(PATIENCE):
            while True:
                with suppress(Unavailable):  # it was killed, and starts again
                    return json.loads(b"".join(self.client.ask(op, args)))
                gevent.sleep(0.02)

    def stored(self) -> list[list[Any]]:
        """All stored events, by number: seq, id, type, service, user_id, data."""
        found: list[list[Any]] = self.answer("events")
        return found

    def kill(self) -> None:
        """SIGKILL the store process."""
        running = self.client._child
        if running is not None:
            os.kill(running.pid, signal.SIGKILL)

    def replace_child(self) -> None:
        """Kill the store process, and wait for the next one."""
        self.until(lambda: self.client._child is not None)
        child = self.client._child
        self.kill()
        self.until(lambda: self.client._child not in (None, child))

    def until(self, holds: Any, seconds: float = PATIENCE) -> None:
        """Wait until something holds."""
        with gevent.Timeout(seconds):
            while not holds():
                self.client._heard_at = 0.0  # hear at once how it is
                self.client._report()
                gevent.sleep(0.02)

    def __exit__(self, *details: object) -> None:
        for job in reversed(self.client.jobs):
            job.stop()
        super().__exit__(*details)
