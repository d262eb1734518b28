"""What the service answers about services: rows, instances, history, and one service in full."""

from marshmallow import fields

from analytics.schemas.fields import JsonObject
from analytics.schemas.responses import STATES, Answer, Latencies, choice, number, text, time, whole

HOUR = "2024-01-15T10:00:00Z"
"""The start of a bucket, in examples."""


class Instance(Answer):
    """One of several senders of a service's heartbeats."""

    instance = text("Its name, or `unnamed 1`, `unnamed 2` where heartbeats name none", "web-1")
    status = choice("What it reported, unless it has been silent too long", STATES)
    status_since = time("Since when")
    last_heartbeat = time("Its latest heartbeat")
    message = text("What its latest heartbeat said", "42 rows copied", allow_none=True)
    request_count = number("Its cumulative count of requests", 15234, allow_none=True)
    error_count = number("Its cumulative count of errors", 12, allow_none=True)


class Change(Answer):
    """One change of a service's state."""

    old = text("The state before; null before the first heartbeat", "healthy", allow_none=True, data_key="from")
    to = choice("The state from then on", STATES)
    at = time("When it changed")
    reason = text("Why", "no heartbeat for 5 min")


class History(Answer):
    """The newest changes of a service's state."""

    service = text("Its name", "productcatalog")
    history = fields.List(fields.Nested(Change), metadata={"description": "Newest first"})
    count = whole("How many this answer holds", 1)
    limit = whole("How many were asked for", 100)


class ServiceRow(Answer):
    """One service over the retained time."""

    name = text("Its name", "productcatalog")
    status = choice("The worst of its instances that should be there; `unknown` without any heartbeat", STATES)
    status_since = time("Since when; `unknown` since it was first seen")
    message = text("What its latest heartbeat said", "42 rows copied", allow_none=True)
    uptime_hours = number("As it reported, else since it was first seen", 72.5)
    request_count = number("Requests", 15234)
    error_count = number("Errors", 12)
    error_rate = number("Errors in percent of requests", 0.079)
    avg_latency_ms = number("Average latency; 0 where there was none", 18.2)
    mean_latency_ms = number("Average latency; null where there was none", 18.2, allow_none=True)
    last_heartbeat = time("Its latest heartbeat", allow_none=True)
    heartbeat_interval_seconds = number("Its stated or usual time between heartbeats", 60, allow_none=True)
    instances = fields.List(
        fields.Nested(Instance),
        metadata={"description": "Its instances, where heartbeats name them or several were recognised; else empty"},
    )


class ListedService(ServiceRow):
    """One service among all."""

    p95_latency_ms = number("95th percentile of its latency; null where there was none", 41.7, allow_none=True)


class Services(Answer):
    """Every known service."""

    services = fields.Dict(
        keys=text("Its name", "productcatalog"),
        values=fields.Nested(ListedService),
        metadata={"description": "Rows by name"},
    )
    count = whole("How many", 1)


class LatencyTable(Answer):
    """Latency of a service over the retained time."""

    count = whole("Observations", 15234)
    avg = number("Average", 18.2, allow_none=True)
    p50 = number("Median", 15.1, allow_none=True)
    p95 = number("95th percentile", 41.7, allow_none=True)
    p99 = number("99th percentile", 88.4, allow_none=True)
    max = number("Greatest", 412.0, allow_none=True)
    unit = choice("Always this", ("ms",))


class EndpointRow(Answer):
    """One endpoint of a service over the retained time."""

    endpoint = text("Its path", "/products")
    count = number("Requests", 450)
    error_count = number("Errors", 2)
    error_rate = number("Errors in percent of requests", 0.444)
    avg_time_ms = number("Average latency; 0 where there was none", 22.1)
    mean_latency_ms = number("Average latency; null where there was none", 22.1, allow_none=True)
    uncounted_at_most = number("By how much `count` may fall short, where the table was full before", 0)


class CustomMetric(Answer):
    """One custom metric of a service over the retained time."""

    last = number("Latest value", 512)
    avg = number("Average", 498.5)
    min = number("Least", 420)
    max = number("Greatest", 530)
    count = whole("Observations", 1440)
    unit = text("The unit, as it was last sent", "MB", allow_none=True)
    last_at = time("When the latest value was measured")


class MinuteBucket(Latencies):
    """One minute of a service."""

    timestamp = time("Its start", HOUR)
    requests = number("Requests", 125)
    errors = number("Errors", 2)


class ServiceMetrics(ServiceRow):
    """One service in full."""

    service = text("Its name", "productcatalog")
    latency = fields.Nested(LatencyTable)
    endpoints = fields.List(fields.Nested(EndpointRow), metadata={"description": "Its endpoints, busiest first"})
    metrics = fields.Dict(
        keys=text("Its name", "memory"),
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
