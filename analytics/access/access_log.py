"""The access log: one line a request, within limits."""

import logging
import time
from wsgiref.types import WSGIEnvironment

from analytics.answer import path_of

LINES_A_SECOND = 20
STARTED = "analytics.started"
"""Key of the environ for the time at which a request began to be worked on, by the performance counter."""

log = logging.getLogger("analytics.access")


class AccessLog:
    """One line a request at INFO, at most `LINES_A_SECOND`; the next line has the number of those left out.

    At DEBUG every request has its line; so has every 5xx at any level up to ERROR.
    """

    def __init__(self) -> None:
        self._second = 0
        self._lines = 0
        self._suppressed = 0

    def begin(self, environ: WSGIEnvironment) -> None:
        """Note when a request began."""
        environ[STARTED] = time.perf_counter()

    def end(self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Log a request that is answered with `status`."""
        code = int(status[:3])
        level = logging.ERROR if code >= 500 else logging.INFO
        if not log.isEnabledFor(level):
            return
        now = time.perf_counter()
        if level == logging.INFO and not self._has_room(int(now)) and not log.isEnabledFor(logging.DEBUG):
            self._suppressed += 1
            return
        fields: dict[str, object] = {
            "method": environ["REQUEST_METHOD"],
            "path": path_of(environ),
            "client": environ.get("REMOTE_ADDR", ""),
            "status": code,
            "ms": round((now - environ[STARTED]) * 1000, 2),
        }
        if self._suppressed:
            fields["suppressed"], self._suppressed = self._suppressed, 0
        log.log(level, "request", extra=fields)

    def _has_room(self, second: int) -> bool:
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= LINES_A_SECOND
