"""Error answers of Jaeger's query API."""

from analytics.answer import Answer, encode
from analytics.errors import AnalyticsError


def refuse(error: AnalyticsError) -> Answer:
    """The answer to a request that was not carried out."""
    errors = [{"code": error.status, "msg": error.message}]
    body = encode({"data": None, "total": 0, "limit": 0, "offset": 0, "errors": errors})
    return Answer(body, error.status, tuple(error.headers.items()), error_code=error.code)
