"""Error handler of the Flask application: answers each error in the shape of its path."""

from wsgiref.types import WSGIEnvironment

from flask import Flask, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import WebsocketMismatch

from analytics.answer import Answer, path_of
from analytics.api.answers import respond
from analytics.error_answers.by_path import failure, refuse
from analytics.errors import AnalyticsError

PASSED_ON = ("Allow", "Retry-After", "Location")
"""Headers of Flask's own errors that are copied to the answer."""


def handle_problems(app: Flask) -> None:
    """Answer every error of `app`: as `{"error": {"code", "message", "fields"}}` at its own paths."""
    app.register_error_handler(Exception, lambda error: respond(_describe(error, request.environ)))


def _describe(error: Exception, environ: WSGIEnvironment) -> Answer:
    if not isinstance(error, HTTPException):
        return failure(error, environ)
    status, path = error.code or 500, path_of(environ)
    headers = {name: value for name, value in error.get_headers() if name in PASSED_ON}
    message = error.description or error.name
    if isinstance(error, WebsocketMismatch):
        message = f"{path} only accepts WebSocket connections."
    elif status == 404:
        message = f"No such path: {path}."
    elif status == 405:
        method = environ["REQUEST_METHOD"]
        message = f"{method} is not allowed at {path}; allowed: {headers.get('Allow', 'nothing')}."
    code = error.name.lower().replace(" ", "_")
    problem = AnalyticsError(message, code=code, headers=headers)
    problem.status = status
    return refuse(problem, environ)
