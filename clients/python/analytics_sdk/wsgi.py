"""WSGI middleware that tracks each request: endpoint, method, status, latency and errors."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .client import AnalyticsClient
from .items import UserId
from .templates import template as from_path
from .tracing import Trace, current, parse, within

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger("analytics.sdk")

T = TypeVar("T")

TemplateOf = Callable[["WSGIEnvironment"], str | None]
UserOf = Callable[["WSGIEnvironment"], UserId]

ENDPOINT, USER, ERROR = "analytics.endpoint", "analytics.user_id", "analytics.error"
"""Environ keys that a framework may set; they take precedence over the arguments of `Middleware`."""


class Middleware:
    """Wraps `app` and tracks a `request` event for each request after its response was sent completely.

        app.wsgi_app = Middleware(app.wsgi_app, AnalyticsClient(service="checkout"))

    An exception of the application counts as status 500 and is raised again. Failures of the middleware are logged
    only. WebSockets are not tracked: their duration is not a latency, and some servers end them with an exception.

    A header `traceparent` names the trace of a request: its event, the log lines of `logging.Handler` and the spans
    that are made in it carry its ids, and `tracing.traceparent()` is the header for requests to other services.

    Args:
        template: returns the endpoint of a request, or None; default: the path with placeholders for ids.
        user_id: returns the user of a request.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        client: AnalyticsClient,
        template: TemplateOf | None = None,
        user_id: UserOf | None = None,
    ) -> None:
        self._app, self._client, self._template, self._user_id = app, client, template, user_id

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            return self._app(environ, start_response)
        seen = _Request(self._report, environ, parse(environ.get("HTTP_TRACEPARENT")))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            seen.status = status
            seen.trace = (
                current() or seen.trace
            )  # that of OpenTelemetry, whose span has ended when the request is reported
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            with within(seen.trace):
                response = self._app(environ, start)
        except BaseException as error:
            seen.failed(error)
            raise
        if isinstance(response, list | tuple):  # complete; servers check its length
            seen.ended()
            return response
        return _Response(response, seen)

    def _report(
        self, environ: "WSGIEnvironment", status: str, milliseconds: float, error: str | None, trace: Trace | None
    ) -> None:
        try:
            code = 500 if error is not None else int(status[:3])
            self._client.track_request(
                self._endpoint(environ),
                environ.get("REQUEST_METHOD", "GET"),
                code,
                milliseconds,
                self._user(environ),
                error or environ.get(ERROR),
                trace,
            )
        except Exception:
            log.exception("analytics: a request could not be reported")

    def _endpoint(self, environ: "WSGIEnvironment") -> str:
        known: str | None = environ.get(ENDPOINT) or _asked(self._template, environ)
        if known is not None:
            return known
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return from_path(path.encode("latin-1", "replace").decode("utf-8", "replace"))

    def _user(self, environ: "WSGIEnvironment") -> UserId:
        return environ[USER] if USER in environ else _asked(self._user_id, environ)


class _Request:
    """Request in progress; reported once."""

    __slots__ = ("_environ", "_report", "_reported", "_started", "status", "trace")
    status: str | None
    """None until the application starts its response."""

    def __init__(self, report: Callable[..., None], environ: "WSGIEnvironment", trace: Trace | None) -> None:
        self._report, self._environ, self.trace = report, environ, trace
        self._started, self._reported = time.perf_counter(), False
        self.status = None

    def ended(self, error: str | None = None) -> None:
        if not self._reported:
            self._reported = True
            milliseconds = (time.perf_counter() - self._started) * 1000
            self._report(self._environ, self.status or "200", milliseconds, error, self.trace)

    def failed(self, error: BaseException) -> None:
        # other exceptions end the program or the connection, and are no error of an application that has answered
        is_fault = self.status is None or isinstance(error, Exception)
        self.ended(type(error).__name__ if is_fault else None)


class _Response:
    """Response that reports its end: by its last part, an exception, or `close` by the server."""

    __slots__ = ("_parts", "_request", "_response")

    def __init__(self, response: Iterable[bytes], request: _Request) -> None:
        self._response, self._request = response, request
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> "_Response":
        return self

    def __next__(self) -> bytes:
        try:
            with within(self._request.trace):
                if self._parts is None:
                    self._parts = iter(self._response)
                return next(self._parts)
        except StopIteration:
            self._request.ended()
            raise
        except BaseException as error:
            self._request.failed(error)
            raise

    def close(self) -> None:
        try:
            close = getattr(self._response, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self._request.failed(error)
            raise
        finally:
            self._request.ended()


def _asked(ask: Callable[["WSGIEnvironment"], T] | None, environ: "WSGIEnvironment") -> T | None:
    """Call a function of the host program; return None if it fails."""
    if ask is None:
        return None
    try:
        return ask(environ)
    except Exception:
        log.exception("analytics: a callable of the middleware failed")
        return None
