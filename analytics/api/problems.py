"""The one error handler: every failure in the one shape, whatever raised it."""

from wsgiref.types import WSGIEnvironment

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.answer import Answer, encode, failure, path_of
from analytics.api.answers import respond

PASSED_ON = ("Allow", "Retry-After", "Location")
"""Headers of Flask's own errors that the answer has too."""


def handle_problems(app: Flask) -> None:
    """Answer every error of `app` as `{"error": {"code", "message", "fields"}}`."""
    app.register_error_handler(Exception, lambda error: respond(_describe(error, request.environ)))


def _describe(error: Exception, environ: WSGIEnvironment) -> Answer:
    if not isinstance(error, HTTPException):
        return failure(error, environ)
    status, path = error.code or 500, path_of(environ)
    headers = {name: value for name, value in error.get_headers() if name in PASSED_ON}
    message = error.description or error.name
    if isinstance(error, WebsocketMismatch):
        message = f"{path} speaks WebSocket, and only that."
    elif status == 404:
        message = f"There is nothing at {path}."
    elif status == 405:
        method = environ["REQUEST_METHOD"]
        message = f"{method} is not allowed at {path}; allowed: {headers.get('Allow', 'nothing')}."
    told = {"code": error.name.lower().replace(" ", "_"), "message": message, "fields": {}}
    return Answer(encode({"error": told}), status, tuple(headers.items()))
