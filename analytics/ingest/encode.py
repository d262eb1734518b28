"""The one encoding of each record: these bytes serve the ring, the live edge and every read."""

from msgspec import Raw, Struct
from msgspec.json import Encoder


class EventJson(Struct, gc=False, omit_defaults=True):
    """An event as it is shown: in the order of SPEC.md, then what was added; its data is as it was sent."""

    type: str
    service: str
    user_id: str | None
    timestamp: str
    data: Raw
    id: str
    received_at: str | None = None


class MetricJson(Struct, gc=False, omit_defaults=True):
    """A metric as it is shown."""

    name: str
    value: float
    unit: str | None
    tags: dict[str, str]
    timestamp: str
    id: str
    received_at: str | None = None


to_json = Encoder().encode
"""The JSON of a record, as bytes."""
