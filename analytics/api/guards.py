"""What every request passes: a turn for the others, cross-origin headers, and a line in the log."""

import logging
import time

import gevent
from flask import Flask, Response, g, request

LINES_A_SECOND = 20
METHODS = "GET, POST, OPTIONS"
HEADERS = "Content-Type, Content-Encoding"
PREFLIGHT_SECONDS = "86400"

log = logging.getLogger("analytics.access")


class AccessLog:
    """One line a request at INFO, at most `LINES_A_SECOND`; how many were left out is told in the next line.

    At DEBUG every request has its line; so has every 5xx at any level up to ERROR.
    """

    def __init__(self) -> None:
        self._second = 0
        self._lines = 0
        self._suppressed = 0

    def note(self, status: int, started: float) -> None:
        """Log the current request, answered with `status`; `started` by the performance counter."""
        now = time.perf_counter()
        level = logging.ERROR if status >= 500 else logging.INFO
        if not log.isEnabledFor(level):
            return
        if level == logging.INFO and not log.isEnabledFor(logging.DEBUG) and not self._has_room(int(now)):
            self._suppressed += 1
            return
        fields: dict[str, object] = {
            "method": request.method,
            "path": request.path,
            "status": status,
            "ms": round((now - started) * 1000, 2),
        }
        if self._suppressed:
            fields["suppressed"], self._suppressed = self._suppressed, 0
        log.log(level, "request", extra=fields)

    def _has_room(self, second: int) -> bool:
        if second != self._second:
            self._second, self._lines = second, 0
        self._lines += 1
        return self._lines <= LINES_A_SECOND


def guard(app: Flask, origins: tuple[str, ...]) -> None:
    """Guard all requests of `app`; `origins` may call it from their pages (`*`: all may)."""
    access_log = AccessLog()
    any_origin = "*" in origins

    @app.before_request
    def begin() -> Response | None:
        # a busy keep-alive connection would starve the others: its next request is always there already
        gevent.sleep(0)
        g.started = time.perf_counter()
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            preflight = Response(status=204)
            preflight.headers["Access-Control-Allow-Methods"] = METHODS
            preflight.headers["Access-Control-Allow-Headers"] = HEADERS
            preflight.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
            return preflight
        return None

    @app.after_request
    def end(response: Response) -> Response:
        headers = response.headers
        if any_origin:
            headers["Access-Control-Allow-Origin"] = "*"
        else:
            headers["Vary"] = "Origin"
            origin = request.headers.get("Origin")
            if origin in origins:
                headers["Access-Control-Allow-Origin"] = origin
        headers["X-Content-Type-Options"] = "nosniff"
        access_log.note(response.status_code, g.started)
        return response
