"""Answers: JSON that is encoded once, by the encoder of the hot path."""

from typing import Any

import msgspec
from flask import Response

encode = msgspec.json.Encoder().encode


def answer(payload: Any, status: int = 200) -> Response:
    """`payload` (bytes are JSON already) as a JSON response."""
    data = payload if isinstance(payload, bytes) else encode(payload)
    return Response(data, status, mimetype="application/json")
