"""What every request passes: a turn for the others, cross-origin headers, and a line in the log."""

import logging
import time

import gevent
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import MethodNotAllowed

LINES_A_SECOND = 20
TURN_SECONDS = 0.002
METHODS = "GET, POST, OPTIONS"
HEADERS = "Content-Type, Content-Encoding"
PREFLIGHT_SECONDS = "86400"

log = logging.getLogger("analytics.access")


def _options() -> Response | None:
    """The answer to OPTIONS, also before a cross-origin request; None where there is nothing to be asked."""
    if request.routing_exception is not None and not isinstance(request.routing_exception, MethodNotAllowed):
        return None
    response = Response(status=204)
    del response.headers["Content-Type"]
    adapter = current_app.create_url_adapter(request)
    response.headers["Allow"] = ", ".join(sorted(adapter.allowed_methods() if adapter else ()))
    response.headers["Access-Control-Allow-Methods"] = METHODS
    response.headers["Access-Control-Allow-Headers"] = HEADERS
    response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    return response


class Turns:
    """Lets the others have a turn now and then.

    A busy keep-alive connection would starve them: its next request is always there already, so it never waits.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def take(self) -> None:
        """Wait until all who are ready have run, if the last time is a while ago."""
        now = time.perf_counter()
        if now - self._last > TURN_SECONDS:
            self._last = now
            gevent.sleep(0)


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
    access_log, turns = AccessLog(), Turns()
    any_origin = "*" in origins

    @app.before_request
    def begin() -> Response | None:
        turns.take()
        g.started = time.perf_counter()
        return None if request.method != "OPTIONS" else _options()

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
