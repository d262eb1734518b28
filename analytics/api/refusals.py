"""Answers to requests that gunicorn answers before they reach the application, in the error shape of the service."""

import msgspec

from analytics.answer import DATA_HEADERS


def refusal(status: int, reason: str, message: str) -> bytes:
    """A whole HTTP response with a JSON error, in place of gunicorn's HTML page."""
    error = {"code": reason.lower().replace(" ", "_"), "message": message or reason, "fields": {}}
    body = msgspec.json.encode({"error": error})
    headers = (
        ("Connection", "close"),
        ("Content-Type", "application/json"),
        *((("Retry-After", "1"),) if status == 503 else ()),
        ("Content-Length", str(len(body))),
        *DATA_HEADERS,
    )
    head = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(head).encode("latin-1") + body
