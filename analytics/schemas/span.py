"""Schema of spans in JSON."""

from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, post_load
from msgspec import Raw, Struct

from analytics.log_lines import NO_ATTRIBUTES
from analytics.schemas.fields import Number, OneOf, RawJsonObject, Text
from analytics.schemas.record_fields import MOMENT, HexId, LongText, MomentField, Objects
from analytics.spans import SPAN_KINDS, SPAN_STATUSES

MOST_PARTS = 128
"""Events, and links, of a span."""


class SentEvent(Struct, forbid_unknown_fields=True):
    """An event of a span."""

    name: str
    time: MOMENT
    attributes: dict[str, Any] = {}


class SentLink(Struct, forbid_unknown_fields=True):
    """A link of a span."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any] = {}


class SentSpan(Struct, gc=False, omit_defaults=True):
    """A span as a client sent it."""

    trace_id: str
    span_id: str
    service: str
    name: str
    start: int | datetime
    end: int | datetime | None = None
    duration_ms: float | None = None
    parent_id: str | None = None
    kind: str | None = None
    status: str | None = None
    status_message: str | None = None
    endpoint: str | None = None
    user_id: str | None = None
    events: list[SentEvent] | None = None
    links: list[SentLink] | None = None
    attributes: Raw = NO_ATTRIBUTES


class SpanSchema(Schema):
    """Span sent by a client; it has an `end`, or a `duration_ms`."""

    class Meta:
        unknown = RAISE

    trace_id = HexId(
        32, required=True, metadata={"description": "Its trace", "example": "5b8efff798038103d269b633813fc60c"}
    )
    span_id = HexId(16, required=True, metadata={"description": "Its id", "example": "eee19b7ec3c1b174"})
    service = Text(1, 128, required=True, metadata={"description": "Where it took place", "example": "checkout"})
    name = Text(1, 256, required=True, metadata={"description": "Its operation", "example": "POST /pay"})
    start = MomentField(required=True, metadata={"description": "RFC 3339, or nanoseconds since the epoch"})
    end = MomentField(allow_none=True, load_default=None, metadata={"description": "The same"})
    duration_ms = Number(
        0, 1e15, allow_none=True, load_default=None, metadata={"description": "In place of the end, milliseconds"}
    )
    parent_id = HexId(
        16, allow_none=True, load_default=None, metadata={"description": "The span that it is part of; default: none"}
    )
    kind = OneOf(
        SPAN_KINDS,
        allow_none=True,
        load_default=None,
        metadata={"description": "`server` and `consumer` spans are requests of their service"},
    )
    status = OneOf(SPAN_STATUSES, allow_none=True, load_default=None, metadata={"description": "How it ended"})
    status_message = LongText(4096, allow_none=True, load_default=None, metadata={"description": "Why it failed"})
    endpoint = Text(
        0,
        256,
        allow_none=True,
        load_default=None,
        metadata={"description": "The route of a request; default: the name"},
    )
    user_id = Text(0, 256, allow_none=True, load_default=None, metadata={"description": "Whose request it is"})
    events = Objects(
        SentEvent,
        MOST_PARTS,
        allow_none=True,
        load_default=None,
        metadata={"description": 'What happened meanwhile: `[{"time": …, "name": …, "attributes": {…}}]`'},
    )
    links = Objects(
        SentLink,
        MOST_PARTS,
        allow_none=True,
        load_default=None,
        metadata={"description": 'Spans that it belongs with: `[{"trace_id": …, "span_id": …, "attributes": {…}}]`'},
    )
    attributes = RawJsonObject(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "Any other fields, up to 32 KiB; `http.route` and `user.id` as OpenTelemetry has them"
        },
    )

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> SentSpan:
        if loaded["attributes"] is None:
            loaded["attributes"] = NO_ATTRIBUTES
        return SentSpan(**loaded)
