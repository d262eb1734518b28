"""What every request passes, around Flask: a turn for the others, cross-origin headers, and a line in the log."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import gevent

from analytics.addresses import parse_origin
from analytics.api.problems import describe, path_of
from analytics.api.proxies import SCHEME
from analytics.errors import OriginNotAllowed, Unavailable

LINES_A_SECOND = 20
TURN_SECONDS = 0.002
NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
ANY_ORIGIN = ("Access-Control-Allow-Origin", "*")
READABLE = ("Access-Control-Expose-Headers", "Retry-After")
PREFLIGHT = [
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type, Content-Encoding"),
    ("Access-Control-Max-Age", "86400"),
]

LIVE = ("ws/", "socket.io")

ALWAYS_OPEN = ("/health/", "/assets/", "/vendor/", "/sdk/")
"""What is answered while all else is closed: the probes, and what the page is made of, which waits by itself."""
CLOSED = Unavailable(
    "The service is reading what it kept before its start; try again in a moment.", headers={"Retry-After": "1"}
)

log = logging.getLogger("analytics.access")


class Turns:
    """Lets the others have a turn now and then.

    A busy keep-alive connection would starve them: its next request is always there already, so it never waits.
    """

    def __init__(self) -> None:
        self._last = 0.0

    def take(self, now: float) -> None:
        """Wait until all who are ready have run, if the last time is a while before `now` (performance counter)."""
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

    def note(self, environ: WSGIEnvironment, status: int, started: float) -> None:
        """Log a request, answered with `status`; `started` by the performance counter."""
        now = time.perf_counter()
        level = logging.ERROR if status >= 500 else logging.INFO
        if not log.isEnabledFor(level):
            return
        if level == logging.INFO and not self._has_room(int(now)) and not log.isEnabledFor(logging.DEBUG):
            self._suppressed += 1
            return
        fields: dict[str, object] = {
            "method": environ["REQUEST_METHOD"],
            "path": path_of(environ),
            "client": environ.get("REMOTE_ADDR", ""),
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


class Guard:
    """Guards all requests of `app`; `origins` may call it from their pages (`*`: all may).

    While `is_closed`, only the probes below /health/ and the page are answered.
    """

    def __init__(self, app: WSGIApplication, origins: tuple[str, ...], is_closed: Callable[[], bool]) -> None:
        self._app, self._any_origin, self._is_closed = app, "*" in origins, is_closed
        self._origins = {parse_origin(origin) for origin in origins} - {None}
        self._access_log, self._turns = AccessLog(), Turns()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        arrived = time.perf_counter()
        self._turns.take(arrived)
        started = time.perf_counter()
        app = self._app if self._may_come(environ) else describe(_stranger(environ), environ)
        path = environ["PATH_INFO"]
        if self._is_closed() and path not in ("", "/") and not path.startswith(ALWAYS_OPEN):
            app = describe(CLOSED, environ)

        def answer(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            headers.append(NO_SNIFFING)
            headers += self._cross_origin(environ)
            if status.startswith("503"):
                headers.append(READABLE)
            self._access_log.note(environ, int(status[:3]), started)
            return start_response(status, headers, *error)

        return app(environ, answer)

    def _may_come(self, environ: WSGIEnvironment) -> bool:
        """Whether a page may talk to us live: no browser asks for leave there, so it is not enough to send headers."""
        text = environ.get("HTTP_ORIGIN")
        # however many slashes a path begins with, the router takes it for the same
        if text is None or self._any_origin or not environ["PATH_INFO"].lstrip("/").startswith(LIVE):
            return True
        origin = parse_origin(text)
        if origin is None:
            return False
        scheme = environ.get(SCHEME, origin.scheme)  # a proxy that is not trusted may have done TLS: either will do
        return origin in self._origins or origin == parse_origin(f"{scheme}://{environ.get('HTTP_HOST', '')}")

    def _cross_origin(self, environ: WSGIEnvironment) -> list[tuple[str, str]]:
        headers = [ANY_ORIGIN] if self._any_origin else [("Vary", "Origin")]
        if not self._any_origin and "HTTP_ORIGIN" in environ and parse_origin(environ["HTTP_ORIGIN"]) in self._origins:
            headers.append(("Access-Control-Allow-Origin", environ["HTTP_ORIGIN"]))
        return headers if environ["REQUEST_METHOD"] != "OPTIONS" else headers + PREFLIGHT


def _stranger(environ: WSGIEnvironment) -> OriginNotAllowed:
    """Why a page may not connect, and what to do about it: the page shows that to its reader."""
    service = environ.get("HTTP_HOST", "an unknown host")
    if SCHEME in environ:
        service = f"{environ[SCHEME]}://{service}"
    return OriginNotAllowed(
        f"This page's address, {environ['HTTP_ORIGIN']}, is not among the allowed origins (ANALYTICS_CORS_ORIGINS), "
        f"nor is it the service's own, which this request gives as {service}. Add it to ANALYTICS_CORS_ORIGINS; or, if "
        "it is the service's own, have the proxy pass on the Host header with its port, and X-Forwarded-Proto."
    )
