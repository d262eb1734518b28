"""What a metric may look like."""

from typing import Any

from marshmallow import RAISE, Schema, post_load

from analytics.records import NewMetric
from analytics.schemas.fields import Number, Tags, Text, Timestamp


class MetricSchema(Schema):
    """One metric as a client sends it."""

    class Meta:
        unknown = RAISE

    name = Text(1, 128, required=True, metadata={"description": "What was measured", "example": "latency"})
    value = Number(required=True, metadata={"description": "A finite number", "example": 45.2})
    unit = Text(0, 32, allow_none=True, load_default=None, metadata={"example": "ms"})
    tags = Tags(
        16,
        allow_none=True,
        load_default=None,
        metadata={
            "description": "`service` says whose metric it is, `endpoint` which endpoint's",
            "example": {"service": "productcatalog", "endpoint": "/products"},
        },
    )
    timestamp = Timestamp(allow_none=True, load_default=None, metadata={"description": "When; now where left out"})
    id = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "The client's own id; a second metric of that id is a duplicate"},
    )

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> NewMetric:
        return NewMetric(**loaded)
