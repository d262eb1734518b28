"""What an event may look like."""

from typing import Any

from marshmallow import RAISE, Schema, post_load

from analytics.records import NO_DATA, NewEvent
from analytics.schemas.fields import RawJsonObject, Text, Timestamp


class EventSchema(Schema):
    """One event as a client sends it."""

    class Meta:
        unknown = RAISE

    type = Text(1, 128, required=True, metadata={"description": "What happened", "example": "purchase"})
    service = Text(1, 128, required=True, metadata={"description": "Where it happened", "example": "checkout"})
    user_id = Text(0, 256, allow_none=True, load_default=None, metadata={"description": "Who did it"})
    timestamp = Timestamp(
        allow_none=True, load_default=None, metadata={"description": "When it happened; now where left out"}
    )
    id = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "The client's own id; a second event of that id is a duplicate"},
    )
    data = RawJsonObject(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "Anything else, up to 32 KiB and 64 levels. Of a `request` event the fields `endpoint`, "
            "`status`, `latency` or `latency_ms` (ms) feed the statistics."
        },
    )

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> NewEvent:
        if loaded["data"] is None:
            loaded["data"] = NO_DATA
        return NewEvent(**loaded)
