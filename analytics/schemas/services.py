"""Schemas of answers about services: rows, instances, history, and one service in detail."""

from marshmallow import fields

from analytics.points import POINT_KINDS
from analytics.schemas.answers import AnswerSchema, choice, number, text, time, whole
from analytics.schemas.fields import JsonObject
from analytics.schemas.responses import STATES, Latencies

HOUR_EXAMPLE = "2024-01-15T10:00:00Z"
"""Start of a bucket, in examples."""


class Instance(AnswerSchema):
    """One instance (replica) of a service."""

    instance = text("Name of the instance; `unnamed 1`, `unnamed 2` if heartbeats have none", "web-1")
    status = choice("Status that it reported; `stale` or `down` if its heartbeats are missing", STATES)
    status_since = time("When the status began")
    last_heartbeat = time("Time of its latest heartbeat")
    message = text("Message of its latest heartbeat", "42 rows copied", allow_none=True)
    request_count = number("Cumulative count of requests", 15234, allow_none=True)
    error_count = number("Cumulative count of errors", 12, allow_none=True)


class HealthChange(AnswerSchema):
    """Change of a service's state."""

    old = text("Previous state; null before the first heartbeat", "healthy", allow_none=True, data_key="from")
    to = choice("New state", STATES)
    at = time("When it changed")
    reason = text("Why", "no heartbeat for 5 min")


class History(AnswerSchema):
    """Newest changes of a service's state."""

    service = text("Its name", "productcatalog")
    history = fields.List(fields.Nested(HealthChange), metadata={"description": "Newest first"})
    count = whole("Number of changes in this answer", 1)
    limit = whole("Limit in the query", 100)


class ServiceRow(AnswerSchema):
    """Service, with its figures in the retention period."""

    name = text("Its name", "productcatalog")
    status = choice("Worst status of its active instances; `unknown` without any heartbeat", STATES)
    status_since = time("When the status began; for `unknown`, when the service was first seen")
    message = text("Message of its latest heartbeat", "42 rows copied", allow_none=True)
    uptime_hours = number("Hours since its start as reported, else since it was first seen", 72.5)
    request_count = number("Requests", 15234)
    error_count = number("Errors", 12)
    error_rate = number("Errors in percent of requests", 0.079)
    avg_latency_ms = number("Average latency; 0 without any", 18.2)
    mean_latency_ms = number("Average latency; null without any", 18.2, allow_none=True)
    last_heartbeat = time("Time of its latest heartbeat", allow_none=True)
    heartbeat_interval_seconds = number("Stated, else usual time between heartbeats", 60, allow_none=True)
    instances = fields.List(
        fields.Nested(Instance),
        metadata={"description": "Its instances, if heartbeats name them or several were detected; else empty"},
    )


class ListedService(ServiceRow):
    """Service in the list of all services."""

    p95_latency_ms = number("95th percentile of latency; null without any", 41.7, allow_none=True)


class Services(AnswerSchema):
    """All services."""

    services = fields.Dict(
        keys=text("Its name", "productcatalog"),
        values=fields.Nested(ListedService),
        metadata={"description": "Rows by name"},
    )
    count = whole("Number of services", 1)


class LatencyTable(AnswerSchema):
    """Latency of a service in the retention period."""

    count = whole("Observations", 15234)
    avg = number("Average", 18.2, allow_none=True)
    p50 = number("Median", 15.1, allow_none=True)
    p95 = number("95th percentile", 41.7, allow_none=True)
    p99 = number("99th percentile", 88.4, allow_none=True)
    max = number("Maximum", 412.0, allow_none=True)
    unit = choice("Always this", ("ms",))


class EndpointRow(AnswerSchema):
    """Endpoint of a service, with its figures in the retention period."""

    endpoint = text("Its path", "/products")
    count = number("Requests", 450)
    error_count = number("Errors", 2)
    error_rate = number("Errors in percent of requests", 0.444)
    avg_time_ms = number("Average latency; 0 without any", 22.1)
    mean_latency_ms = number("Average latency; null without any", 22.1, allow_none=True)
    uncounted_at_most = number("Maximum number of requests missing from `count`, because the table was full before", 0)


class CustomMetric(AnswerSchema):
    """Custom metric of a service, with its figures in the retention period."""

    kind = choice("What its values are", POINT_KINDS)
    last = number("Latest value; null unless it is a gauge", 512, allow_none=True)
    avg = number("Average", 498.5, allow_none=True)
    min = number("Minimum; null unless it is a gauge", 420, allow_none=True)
    max = number("Maximum; null unless it is a gauge", 530, allow_none=True)
    sum = number("Sum; of a counter: its increase", 717840)
    count = whole("Observations", 1440)
    unit = text("Unit, as last sent", "MB", allow_none=True)
    last_at = time("When the latest value was measured")


class MinuteBucket(Latencies):
    """Figures of a service in one minute."""

    timestamp = time("Its start", HOUR_EXAMPLE)
    requests = number("Requests", 125)
    errors = number("Errors", 2)


class ServiceMetrics(ServiceRow):
    """Service in detail."""

    service = text("Its name", "productcatalog")
    latency = fields.Nested(LatencyTable)
    endpoints = fields.List(fields.Nested(EndpointRow), metadata={"description": "Its endpoints, busiest first"})
    metrics = fields.Dict(
        keys=text("Name of the metric", "memory"),
        values=fields.Nested(CustomMetric),
        metadata={"description": "Its custom metrics by name"},
    )
    reported = JsonObject(
        metadata={
            "description": "`metrics` of its latest heartbeat",
            "example": {"request_count": 1000, "error_count": 5, "avg_latency": 23.5, "uptime": 72.5},
        }
    )
    series = fields.List(fields.Nested(MinuteBucket), metadata={"description": "The last hour by minute, oldest first"})
