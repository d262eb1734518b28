"""Schema of events."""

from typing import Any

from marshmallow import RAISE, Schema, post_load

from analytics.records import EMPTY_DATA, NewEvent
from analytics.schemas.fields import RawJsonObject, Text, Timestamp


class EventSchema(Schema):
    """Event sent by a client."""

    class Meta:
        unknown = RAISE

    type = Text(1, 128, required=True, metadata={"description": "What happened", "example": "purchase"})
    service = Text(1, 128, required=True, metadata={"description": "Where it happened", "example": "checkout"})
    user_id = Text(0, 256, allow_none=True, load_default=None, metadata={"description": "Who did it"})
    timestamp = Timestamp(
        allow_none=True, load_default=None, metadata={"description": "When it happened; default: now"}
    )
    id = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Id chosen by the client; another event with the same id is a duplicate"},
    )
    data = RawJsonObject(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "Any other fields, up to 32 KiB and 64 levels. In a `request` event, `endpoint`, `status`, "
            "and `latency` or `latency_ms` (ms) feed the statistics."
        },
    )

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> NewEvent:
        if loaded["data"] is None:
            loaded["data"] = EMPTY_DATA
        return NewEvent(**loaded)
