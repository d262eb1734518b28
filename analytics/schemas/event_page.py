"""Schema of the answer of GET /events."""

from marshmallow import fields

from analytics.schemas.answers import AnswerSchema, text, whole
from analytics.schemas.responses import RecordedEvent


class EventPage(AnswerSchema):
    """Events that match the filters, newest first."""

    events = fields.List(fields.Nested(RecordedEvent))
    count = whole("Number of events in this answer", 1)
    limit = whole("Limit in the query", 100)
    next_cursor = text(
        "`cursor` for the next page; null on the last page. A page may have few events or none although others follow: "
        "a search for rare ones takes more than one request",
        None,
        allow_none=True,
    )
    complete = fields.Boolean(
        metadata={"description": "False if events of the long-term store may be missing here", "example": True}
    )
    reason = fields.String(
        metadata={
            "description": "Why they are missing: there is no long-term store, or it does not answer now",
            "enum": ["store_off", "store_unavailable"],
            "example": "store_unavailable",
            "optional": True,
        }
    )
