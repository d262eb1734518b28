"""Schema of old events, which are brought into the long-term store."""

from analytics.schemas.event import EventSchema
from analytics.schemas.fields import Text, Timestamp


class OldEventSchema(EventSchema):
    """Old event: it has its own time, and an id, by which a repeat is recognized."""

    timestamp = Timestamp(required=True, metadata={"description": "When it happened"})
    id = Text(
        1,
        128,
        required=True,
        metadata={"description": "Its id; another event with the same id and time is a duplicate"},
    )
