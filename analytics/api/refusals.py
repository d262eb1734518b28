"""Answers to requests that gunicorn answers before they reach the application, in the error shape of the service."""

import msgspec


def refusal(status: int, reason: str, message: str) -> bytes:
    """A whole HTTP response with a JSON error, in place of gunicorn's HTML page."""
    error = {"code": reason.lower().replace(" ", "_"), "message": message or reason, "fields": {}}
    body = msgspec.json.encode({"error": error})
    retry = "Retry-After: 1\r\n" if status == 503 else ""
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n{retry}"
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body
