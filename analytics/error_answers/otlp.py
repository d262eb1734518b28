"""Error answers of OTLP over HTTP: a google.rpc.Status in the content type of the request.

Source: opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from wsgiref.types import WSGIEnvironment

from msgspec import Struct

from analytics.answer import JSON, Answer, encode
from analytics.errors import AnalyticsError

PROTOBUF = "application/x-protobuf"
GRPC_CODES = {
    400: 3,
    401: 16,
    403: 7,
    404: 5,
    408: 4,
    413: 8,
    415: 3,
    422: 3,
    429: 8,
    503: 14,
}
"""The code of google.rpc.Code for a status; 2 (unknown) for others."""
UNKNOWN = 2
RETRIED_AFTER = {"Retry-After": "1"}
"""For errors that pass, where nothing else is known."""


class Status(Struct):
    """google.rpc.Status."""

    code: int
    message: str


def media_type_of(environ: WSGIEnvironment) -> str:
    """The content type of the answers to a request: that of the request, or JSON if it is not supported."""
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    return PROTOBUF if media_type == PROTOBUF else JSON


def refuse(error: AnalyticsError, environ: WSGIEnvironment) -> Answer:
    """The answer to a request of which nothing was taken."""
    code = GRPC_CODES.get(error.status, UNKNOWN)
    headers = {**(RETRIED_AFTER if error.status in (429, 503) else {}), **error.headers}
    media_type = media_type_of(environ)
    if media_type == PROTOBUF:
        body = number_field(1, code) + bytes_field(2, error.message.encode(errors="replace"))
    else:
        body = encode(Status(code, error.message))
    return Answer(body, error.status, tuple(headers.items()), media_type, error.code)


def number_field(field: int, value: int) -> bytes:
    """A field with a number, in protobuf's encoding."""
    return _varint(field << 3) + _varint(value)


def bytes_field(field: int, value: bytes) -> bytes:
    """A field with bytes, text or a message, in protobuf's encoding."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
