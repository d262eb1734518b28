"""Flask responses: JSON that is encoded once, and the answers of doors and errors."""

from typing import Any

from flask import Response

from analytics.answer import Answer, encode


def answer(payload: Any, status: int = 200) -> Response:
    """`payload` (bytes are JSON already) as a JSON response."""
    data = payload if isinstance(payload, bytes) else encode(payload)
    return Response(data, status, mimetype="application/json")


def respond(answered: Answer) -> Response:
    """A complete answer as a response."""
    return Response(answered.body, answered.status, answered.headers, content_type=answered.content_type)
