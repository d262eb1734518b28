"""Schema of log lines in JSON."""

from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, post_load
from msgspec import Raw, Struct

from analytics.log_lines import NO_ATTRIBUTES
from analytics.schemas.fields import RawJsonObject, Text
from analytics.schemas.record_fields import HexId, LongText, MomentField, Severity

LONGEST_SENT = 1024 * 1024
"""Characters of a body; what is longer than a line may be is cut later."""


class SentLine(Struct, gc=False, omit_defaults=True):
    """A log line as a client sent it."""

    service: str
    message: str | None = None
    body: str | None = None
    timestamp: int | datetime | None = None
    level: int | str | None = None
    severity: int | str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    logger: str | None = None
    id: str | None = None
    attributes: Raw = NO_ATTRIBUTES


class LogLineSchema(Schema):
    """Log line sent by a client; it has a `message`, or a `body`, which is the same."""

    class Meta:
        unknown = RAISE

    service = Text(1, 128, required=True, metadata={"description": "What wrote it", "example": "checkout"})
    message = LongText(
        LONGEST_SENT,
        allow_none=True,
        load_default=None,
        metadata={"description": "Its text, kept as it is; beyond 64 KiB it is cut"},
    )
    body = LongText(
        LONGEST_SENT,
        allow_none=True,
        load_default=None,
        metadata={"description": "The same, by the name it has in OpenTelemetry"},
    )
    timestamp = MomentField(
        allow_none=True,
        load_default=None,
        metadata={"description": "When it was written: RFC 3339, or nanoseconds since the epoch; default: now"},
    )
    level = Severity(
        allow_none=True,
        load_default=None,
        metadata={
            "description": "Its severity: a word such as `warn`, or OpenTelemetry's number; default: as the text says"
        },
    )
    severity = Severity(allow_none=True, load_default=None, metadata={"description": "The same"})
    trace_id = HexId(
        32,
        allow_none=True,
        load_default=None,
        metadata={"description": "Its trace; default: as the text or the attributes say"},
    )
    span_id = HexId(16, allow_none=True, load_default=None, metadata={"description": "Its span"})
    logger = Text(0, 256, allow_none=True, load_default=None, metadata={"description": "The name of the logger"})
    id = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Id chosen by the client; another line with the same id is a duplicate"},
    )
    attributes = RawJsonObject(
        allow_none=True, load_default=None, metadata={"description": "Any other fields, up to 32 KiB"}
    )

    @post_load
    def _record(self, loaded: dict[str, Any], **_: Any) -> SentLine:
        if loaded["attributes"] is None:
            loaded["attributes"] = NO_ATTRIBUTES
        return SentLine(**loaded)
