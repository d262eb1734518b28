"""Gzip for the answers to clients that take it."""

from flask import Response, request


def takes_gzip() -> bool:
    """Whether the request at hand allows an answer in gzip."""
    return request.accept_encodings.quality("gzip") > 0


def tell_encoding(response: Response, *, gzipped: bool) -> Response:
    """`response` with the headers that say whether its body is gzipped, and that this depends on the request."""
    if gzipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response
