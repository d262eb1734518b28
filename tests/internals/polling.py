"""Requests to an Engine.IO or Socket.IO server as a WSGI application."""

import logging
from collections.abc import Callable
from io import BytesIO
from typing import Any

QUIET = logging.getLogger("tests.socketio")
QUIET.setLevel(logging.CRITICAL)


def poll(server: Any, sid: str = "", body: str | None = None) -> tuple[str, str]:
    """Fetch packets, or post `body`; returns the status and the body of the response."""
    statuses: list[str] = []
    data = (body or "").encode()
    environ = {
        "REQUEST_METHOD": "GET" if body is None else "POST",
        "QUERY_STRING": f"EIO=4&transport=polling{sid and f'&sid={sid}'}",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": BytesIO(data),
    }
    start: Callable[..., None] = lambda status, headers: statuses.append(status)  # noqa: E731
    response = b"".join(server.handle_request(environ, start)).decode()
    return statuses[0], response
