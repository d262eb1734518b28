"""Error answers of the Prometheus API."""

from msgspec import Struct

from analytics.answer import Answer, encode
from analytics.errors import AnalyticsError

KINDS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    406: "not_acceptable",
    408: "timeout",
    429: "too_many_requests",
    503: "unavailable",
}
"""The `errorType` for a status; `bad_data` for other mistakes of clients, `internal` for those of the service."""


class Failure(Struct):
    """Body of an error."""

    status: str
    errorType: str  # noqa: N815  # a name of Prometheus
    error: str


def refuse(error: AnalyticsError) -> Answer:
    """The answer to a request that was not carried out."""
    kind = KINDS.get(error.status, "bad_data" if error.status < 500 else "internal")
    body = encode(Failure("error", kind, error.message))
    return Answer(body, error.status, tuple(error.headers.items()), error_code=error.code)
