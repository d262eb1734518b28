"""Access log: one line per request, rate-limited."""

import logging
import time
from wsgiref.types import WSGIEnvironment

from analytics.answer import path_of

LINES_A_SECOND = 20
UNAVAILABLE = 503
"""Status of a service that is not ready, or busy: common while it starts, and the client comes back."""
STARTED = "analytics.started"
"""Environ key: when work on the request began, in seconds of `time.perf_counter`."""

log = logging.getLogger("analytics.access")


class AccessLog:
    """Logs at most `LINES_A_SECOND` requests, at INFO or, with status 503, at WARNING: the next line counts the others.

    At level DEBUG every request is logged. Any other 5xx is a defect: it is logged as an ERROR, and always.
    """

    def __init__(self) -> None:
        self._second = 0
        self._lines = 0
        self._suppressed = 0

    def begin(self, environ: WSGIEnvironment) -> None:
        """Store the start time of a request in its environ."""
        environ[STARTED] = time.perf_counter()

    def end(self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Log a request and the status of its answer."""
        code = int(status[:3])
        level = logging.WARNING if code == UNAVAILABLE else logging.ERROR if code >= 500 else logging.INFO
        if not log.isEnabledFor(level):
            return
        now = time.perf_counter()
        if level != logging.ERROR and not self._has_room(int(now)) and not log.isEnabledFor(logging.DEBUG):
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
