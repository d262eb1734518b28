"""Error answers of the versions of InfluxDB's API."""

from msgspec import Struct

from analytics.answer import Answer, encode
from analytics.errors import AnalyticsError

CODES = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    405: "method not allowed",
    413: "request too large",
    415: "invalid",
    422: "unprocessable entity",
    429: "too many requests",
    503: "unavailable",
}
"""The code of an error in version 2, by its status."""


class Error1(Struct):
    """Error of version 1."""

    error: str


class Error2(Struct):
    """Error of version 2."""

    code: str
    message: str


class Error3(Struct):
    """Error of version 3; `data` is for rejected lines."""

    error: str
    data: None = None


def refuse_1(error: AnalyticsError) -> Answer:
    """The answer of version 1 to a request of which nothing was recorded."""
    return _answer(error, Error1(error.message))


def refuse_2(error: AnalyticsError) -> Answer:
    """The answer of version 2 to a request of which nothing was recorded."""
    return _answer(error, Error2(CODES.get(error.status, "internal error"), error.message))


def refuse_3(error: AnalyticsError) -> Answer:
    """The answer of version 3 to a request of which nothing was recorded."""
    return _answer(error, Error3(error.message))


def _answer(error: AnalyticsError, body: Struct) -> Answer:
    return Answer(encode(body), error.status, tuple(error.headers.items()), error_code=error.code)
