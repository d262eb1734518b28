"""Gzip for answers: negotiation and headers."""

from flask import Response, request


def takes_gzip() -> bool:
    """Whether the current request accepts a gzipped answer."""
    return request.accept_encodings.quality("gzip") > 0


def tell_encoding(response: Response, *, gzipped: bool) -> Response:
    """Add Content-Encoding (if gzipped) and Vary to `response`, and return it."""
    if gzipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
