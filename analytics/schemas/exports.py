"""Schemas of exports as one JSON document."""

from marshmallow import fields

from analytics.points import POINT_KINDS
from analytics.schemas.answers import AnswerSchema, choice, number, text, time
from analytics.schemas.figures import DayBucket, HourBucket
from analytics.schemas.responses import ExportedEvent
from analytics.schemas.services import ServiceRow


class ExportedMetric(AnswerSchema):
    """Metric in the form that POST /metrics accepts."""

    name = text("What was measured", "latency")
    value = number("A finite number", 45.2)
    unit = text("Its unit", "ms", allow_none=True)
    tags = fields.Dict(
        values=fields.String(),
        allow_none=True,
        metadata={
            "description": "`service` is the service of the metric",
            "example": {"service": "productcatalog", "endpoint": "/products"},
        },
    )
    timestamp = time("When it was measured")
    id = text("Its id", "1f0c2a9b3d-18c2f0a1b2c-8-0")
    kind = choice("What its value is", POINT_KINDS)
    instance = text("Replica that sent it", None, allow_none=True)


class ExportedEvents(AnswerSchema):
    """Events in the order of arrival, oldest first."""

    events = fields.List(fields.Nested(ExportedEvent))


class ExportedMetrics(AnswerSchema):
    """Metrics in the order of arrival, oldest first."""

    metrics = fields.List(fields.Nested(ExportedMetric))


class ExportedServices(AnswerSchema):
    """One row per service, sorted by name."""

    services = fields.List(fields.Nested(ServiceRow))


class ExportedHours(AnswerSchema):
    """Statistics by hour, oldest first."""

    hourly = fields.List(fields.Nested(HourBucket))


class ExportedDays(AnswerSchema):
    """Statistics by day, oldest first."""

    daily = fields.List(fields.Nested(DayBucket))
