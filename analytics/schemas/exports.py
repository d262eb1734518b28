"""What an export holds where it is one JSON document."""

from marshmallow import fields

from analytics.schemas.figures import DayBucket, HourBucket
from analytics.schemas.responses import Answer, ExportedEvent, number, text, time
from analytics.schemas.services import ServiceRow


class ExportedMetric(Answer):
    """A metric as POST /metrics takes it back."""

    name = text("What was measured", "latency")
    value = number("A finite number", 45.2)
    unit = text("Its unit", "ms", allow_none=True)
    tags = fields.Dict(
        values=fields.String(),
        allow_none=True,
        metadata={
            "description": "`service` says whose metric it is",
            "example": {"service": "productcatalog", "endpoint": "/products"},
        },
    )
    timestamp = time("When it was measured")
    id = text("Its id", "4b14a18f18-2")


class ExportedEvents(Answer):
    """Events, oldest first in the order of arrival."""

    events = fields.List(fields.Nested(ExportedEvent))


class ExportedMetrics(Answer):
    """Metrics, oldest first in the order of arrival."""

    metrics = fields.List(fields.Nested(ExportedMetric))


class ExportedServices(Answer):
    """A row for every service, by name."""

    services = fields.List(fields.Nested(ServiceRow))


class ExportedHours(Answer):
    """Statistics by hour, oldest first."""

    hourly = fields.List(fields.Nested(HourBucket))


class ExportedDays(Answer):
    """Statistics by day, oldest first."""

    daily = fields.List(fields.Nested(DayBucket))
