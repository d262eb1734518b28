"""Error answers by the path of a request: each in the shape of the protocol that is spoken there."""

import logging
from collections.abc import Callable, Mapping
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer, path_of, refusal, text_refusal
from analytics.error_answers import influx, jaeger, otlp, prometheus
from analytics.errors import AnalyticsError

PATHS: Mapping[str, Callable[[AnalyticsError], Answer]] = {
    "/api/v1/write": text_refusal,
    "/api/v1/import/prometheus": text_refusal,
    "/loki/api/v1/push": text_refusal,
    "/write": influx.refuse_1,
    "/ping": influx.refuse_1,
}
"""The shapes of single paths."""
PREFIXES: tuple[tuple[str, Callable[[AnalyticsError], Answer]], ...] = (
    ("/loki/", text_refusal),
    ("/metrics/job/", text_refusal),
    ("/metrics/job@base64/", text_refusal),
    ("/api/v1/", prometheus.refuse),
    ("/api/v2/", influx.refuse_2),
    ("/api/v3/", influx.refuse_3),
    ("/api/", jaeger.refuse),
)
"""The shapes of other paths by their beginnings."""
OTLP_PREFIX = "/v1/"
log = logging.getLogger(__name__)


def refuse(error: AnalyticsError, environ: WSGIEnvironment) -> Answer:
    """The answer to a request that is refused with `error`; in the service's own shape at its own paths."""
    path = environ["PATH_INFO"]
    if path.startswith(OTLP_PREFIX):
        return otlp.refuse(error, environ)
    shape = PATHS.get(path)
    if shape is None:
        shape = next((shape for prefix, shape in PREFIXES if path.startswith(prefix)), refusal)
    return shape(error)


def failure(error: Exception, environ: WSGIEnvironment) -> Answer:
    """The answer to a request that raised `error`; any but an AnalyticsError is logged and becomes a 500."""
    if isinstance(error, AnalyticsError):
        return refuse(error, environ)
    log.error(
        "internal error",
        exc_info=error,
        extra={"method": environ["REQUEST_METHOD"], "path": path_of(environ)},
    )
    return refuse(AnalyticsError("Internal error of the service; its log has the details."), environ)
