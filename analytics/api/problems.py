"""The one error handler: every failure in the one shape, whatever raised it."""

import logging
from collections.abc import Mapping, Sequence

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.api.answers import answer
from analytics.errors import AnalyticsError

log = logging.getLogger(__name__)


def handle_problems(app: Flask) -> None:
    """Answer every error of `app` as `{"error": {"code", "message", "fields"}}`."""

    @app.errorhandler(AnalyticsError)
    def ours(error: AnalyticsError) -> Response:
        return problem(error.status, error.code, error.message, error.fields, error.headers)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}
        code = error.name.lower().replace(" ", "_")
        message = error.description or error.name
        if isinstance(error, WebsocketMismatch):
            message = f"{request.path} speaks WebSocket, and only that."
        elif status == 404:
            message = f"There is nothing at {request.path}."
        elif status == 405:
            message = f"{request.method} is not allowed at {request.path}; allowed: {headers.get('Allow', 'nothing')}."
        return problem(status, code, message, {}, headers)

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        log.error("unforeseen error", exc_info=error, extra={"method": request.method, "path": request.path})
        return problem(500, "internal_error", "An error on our side; the log has its details.", {}, {})


def problem(
    status: int, code: str, message: str, fields: Mapping[str, Sequence[str]], headers: dict[str, str]
) -> Response:
    """An error as a response."""
    response = answer({"error": {"code": code, "message": message, "fields": fields}}, status)
    response.headers.extend(headers)
    return response
