"""Schema of metrics."""

from typing import Any

from marshmallow import RAISE, Schema, post_load

from analytics.points import GAUGE, POINT_KINDS
from analytics.records import NewMetric
from analytics.schemas.fields import Number, OneOf, Tags, Text, Timestamp


class MetricSchema(Schema):
    """Metric sent by a client."""

    class Meta:
        unknown = RAISE

    name = Text(1, 128, required=True, metadata={"description": "What was measured", "example": "latency"})
    value = Number(required=True, metadata={"description": "A finite number", "example": 45.2})
    unit = Text(0, 32, allow_none=True, load_default=None, metadata={"description": "Its unit", "example": "ms"})
    tags = Tags(
        32,
        allow_none=True,
        load_default=None,
        metadata={
            "description": "`service` and `endpoint` are those that the metric belongs to",
            "example": {"service": "productcatalog", "endpoint": "/products"},
        },
    )
    timestamp = Timestamp(
        allow_none=True, load_default=None, metadata={"description": "When it was measured; default: now"}
    )
    id = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Id chosen by the client; another metric with the same id is a duplicate"},
    )

    kind = OneOf(
        POINT_KINDS,
        load_default=GAUGE,
        metadata={
            "description": "What `value` is: the increase of a counter, the value of a gauge, or one observation of a "
            "histogram. All metrics of a name have one kind; `requests`, `errors` and `latency` need none",
        },
    )
    instance = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "The replica that sent it, which has a series of its own", "example": "web-1"},
    )

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> NewMetric:
        return NewMetric(**loaded)
