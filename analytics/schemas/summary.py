"""Schemas of the answer of /summary."""

from marshmallow import fields

from analytics.schemas.answers import AnswerSchema, number, text, time, whole
from analytics.schemas.responses import Latencies
from analytics.schemas.services import HOUR_EXAMPLE


class RangeFigures(Latencies):
    """Figures of the whole range."""

    requests = number("Requests", 15234)
    errors = number("Errors", 12)
    error_rate = number("Errors in percent of requests; null without requests", 0.079, allow_none=True)
    requests_per_second = number("Requests per second since `since`", 4.2, allow_none=True)
    max_latency_ms = number("Maximum latency; null without any", 412.0, allow_none=True)
    unique_users = whole("Distinct users", 45)
    events = whole("Events", 16020)


class RangePoint(Latencies):
    """One bucket."""

    timestamp = time("Its start", HOUR_EXAMPLE)
    requests = number("Requests", 125)
    errors = number("Errors", 2)
    unique_users = number("Distinct users; null for one service in buckets of seconds", 12, allow_none=True)


class ServiceSummary(AnswerSchema):
    """Figures of one service."""

    requests = number("Requests", 450)
    errors = number("Errors", 2)
    error_rate = number("Errors in percent of requests; null without requests", 0.444, allow_none=True)
    mean_latency_ms = number("Average latency; null without any", 22.1, allow_none=True)
    p95_latency_ms = number("95th percentile of latency; null without any", 41.7, allow_none=True)
    requests_by_bucket = fields.List(number("Requests", 40), metadata={"description": "Requests in each bucket"})
    errors_by_bucket = fields.List(number("Errors", 1), metadata={"description": "Errors in each bucket"})


class UsedEndpoint(AnswerSchema):
    """Figures of one endpoint."""

    service = text("Service of the endpoint", "productcatalog")
    endpoint = text("Its path", "/products")
    requests = number("Requests", 450)
    errors = number("Errors", 2)
    error_rate = number("Errors in percent of requests", 0.444, allow_none=True)
    mean_latency_ms = number("Average latency; null without any", 22.1, allow_none=True)


class UsedEndpoints(AnswerSchema):
    """The busiest endpoints, and the time they are counted over."""

    start = time("Start", "2024-01-15T00:00:00Z", data_key="from")
    end = time("End", "2024-01-16T00:00:00Z", data_key="to")
    step = whole("Length in seconds of the buckets that they are counted in", 60)
    rows = fields.List(fields.Nested(UsedEndpoint), metadata={"description": "Busiest first"})


class UsedMetric(AnswerSchema):
    """Custom metric of the service; null where nothing was recorded in the range."""

    last = number("Latest value", 512, allow_none=True)
    avg = number("Average", 498.5, allow_none=True)
    min = number("Minimum", 420, allow_none=True)
    max = number("Maximum", 530, allow_none=True)
    count = whole("Observations", 1440)
    unit = text("Unit, as last sent", "MB", allow_none=True)
    averages = fields.List(
        number("Average", 498.5, allow_none=True), metadata={"description": "Average in each bucket"}
    )


class Summary(AnswerSchema):
    """Summary of a range."""

    service = text("Service; null for all services", "productcatalog", allow_none=True)
    start = time("Start of the first bucket", HOUR_EXAMPLE, data_key="from")
    end = time("End of the last bucket", "2024-01-15T11:00:00Z", data_key="to")
    step = whole("Length of a bucket in seconds: 5, 60, 3600 or 86400", 60)
    since = time("Start of averages: of the range, or of its first data if none is before it", HOUR_EXAMPLE)
    seconds = number("Seconds from `since` to the end of the range, or to now", 3594.5)
    figures = fields.Nested(RangeFigures)
    points = fields.List(fields.Nested(RangePoint), metadata={"description": "Oldest first"})
    services = fields.Dict(
        keys=text("Its name", "productcatalog"),
        values=fields.Nested(ServiceSummary),
        metadata={"description": "Known services by name"},
    )
    endpoints = fields.Nested(UsedEndpoints)
    metrics = fields.Dict(
        keys=text("Its name", "memory"),
        values=fields.Nested(UsedMetric),
        metadata={"description": "Custom metrics by name; empty unless `service` is given"},
    )
