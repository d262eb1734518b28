"""Flask responses made of JSON, and of the answers that doors and error handlers return."""

from typing import Any

from flask import Response, request

from analytics.answer import ERROR_CODE, Answer, encode


def answer(payload: Any, status: int = 200) -> Response:
    """Response with `payload` as JSON; bytes are sent as they are."""
    data = payload if isinstance(payload, bytes) else encode(payload)
    return Response(data, status, mimetype="application/json")


def respond(answered: Answer) -> Response:
    """Convert an `Answer` to a Flask response."""
    request.environ[ERROR_CODE] = answered.error_code
    return Response(answered.body, answered.status, answered.headers, content_type=answered.content_type)
