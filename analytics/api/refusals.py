"""Error answers of gunicorn itself, for requests that never reach the application, in the same shape as all errors."""

import socket

import msgspec
from gunicorn import util


def refuse_in_json(sock: socket.socket, status: int, reason: str, message: str) -> None:
    """Write an error answer as JSON; replaces `gunicorn.util.write_error`, which sends an HTML page."""
    error = {"code": reason.lower().replace(" ", "_"), "message": message or reason, "fields": {}}
    body = msgspec.json.encode({"error": error})
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("latin-1") + body)
