"""The one error handler: every failure in the one shape, whatever raised it."""

import logging
from collections.abc import Mapping, Sequence
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.api.answers import answer
from analytics.errors import AnalyticsError

log = logging.getLogger(__name__)


def handle_problems(app: Flask) -> None:
    """Answer every error of `app` as `{"error": {"code", "message", "fields"}}`."""
    app.register_error_handler(Exception, lambda error: describe(error, request.environ))


def describe(error: Exception, environ: WSGIEnvironment) -> Response:
    """The answer to a request that failed."""
    if isinstance(error, AnalyticsError):
        return problem(error.status, error.code, error.message, error.fields, error.headers)
    method, path = environ["REQUEST_METHOD"], path_of(environ)
    if isinstance(error, HTTPException):
        return _http(error, method, path)
    log.error("unforeseen error", exc_info=error, extra={"method": method, "path": path})
    return problem(500, "internal_error", "An error on our side; the log has its details.", {}, {})


def path_of(environ: WSGIEnvironment) -> str:
    """The request's path as people read it: WSGI has each of its bytes as a character."""
    path: str = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return path.encode("latin1").decode(errors="replace")


def _http(error: HTTPException, method: str, path: str) -> Response:
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}
    message = error.description or error.name
    if isinstance(error, WebsocketMismatch):
        message = f"{path} speaks WebSocket, and only that."
    elif status == 404:
        message = f"There is nothing at {path}."
    elif status == 405:
        message = f"{method} is not allowed at {path}; allowed: {headers.get('Allow', 'nothing')}."
    return problem(status, error.name.lower().replace(" ", "_"), message, {}, headers)


def problem(
    status: int, code: str, message: str, fields: Mapping[str, Sequence[str]], headers: dict[str, str]
) -> Response:
    """An error as a response."""
    response = answer({"error": {"code": code, "message": message, "fields": fields}}, status)
    response.headers.extend(headers)
    return response
