"""Schemas of answers about log lines."""

from marshmallow import fields

from analytics.log_lines import LEVELS
from analytics.schemas.answers import AnswerSchema, choice, number, tally, text, whole
from analytics.schemas.answers import time as when
from analytics.schemas.fields import JsonObject

EXAMPLE = 'payment 4711 took 25ms for "EUR"'
CURSOR = "1705314615250000000-42"


class LoggedLine(AnswerSchema):
    """Log line."""

    id = text("Its id", "1f0c2a9b3d-18c2f0a1b2c-9-0")
    time = when("When it was written, to the nanosecond")
    received_at = when("When it arrived")
    service = text("What wrote it", "checkout")
    level = choice("Its level", (LEVELS[3], *LEVELS[:3], *LEVELS[4:]))
    severity = whole("Severity as OpenTelemetry numbers it, 0 if unknown", 9)
    severity_text = text("How its source calls the severity", "INFO")
    body = text("Its text, or the JSON of a structured body", EXAMPLE)
    trace_id = text("Trace that it belongs to; empty if there is none", "4bf92f3577b34da6a3ce929d0e0e4736")
    span_id = text("Span that it belongs to; empty if there is none", "00f067aa0ba902b7")
    attributes = JsonObject(metadata={"description": "Its fields", "example": {"order_id": "ORDER-123"}})
    resource = JsonObject(
        metadata={"description": "What lines of the same source share", "example": {"k8s.pod.name": "checkout-1"}}
    )
    scope = text("Name of the logger", "payments")


class LogPage(AnswerSchema):
    """Log lines that match the filters, newest first."""

    lines = fields.List(fields.Nested(LoggedLine))
    count = whole("Number of lines in this answer", 1)
    limit = whole("Limit in the query", 100)
    next_cursor = text("`cursor` for older lines; null if there are none", f"before-{CURSOR}", allow_none=True)
    previous_cursor = text(
        "`cursor` for newer lines, also for those to come; null without lines", f"after-{CURSOR}", allow_none=True
    )


class LogBucket(AnswerSchema):
    """Lines in a time."""

    time = when("When it starts")
    count = whole("Lines", 12)
    levels = tally("Lines by level", {"info": 10, "error": 2})


class LogHistogram(AnswerSchema):
    """Lines over time, oldest first; times without lines are there too."""

    start = when("Start of the range")
    end = when("End of the range")
    step = number("Length of a bucket in seconds", 60.0)
    count = whole("All lines", 12)
    buckets = fields.List(fields.Nested(LogBucket))


class Sampled(AnswerSchema):
    """What was looked into."""

    lines = whole("Matching lines", 25_000)
    examined = whole("How many of them, the newest, were looked into", 10_000)
    is_sampled = fields.Boolean(metadata={"description": "Whether there are more than that", "example": True})


class LogFieldValue(AnswerSchema):
    """A value of a field."""

    value = text("The value, cut after 200 characters", "checkout")
    count = whole("Lines that have it", 900)


class LogField(AnswerSchema):
    """A field of lines."""

    name = text("Its name in the filter language", "attributes.order_id")
    count = whole("Lines that have it", 1_000)
    distinct = whole("How many values it has; at most 2,000 are counted", 3)
    values = fields.List(fields.Nested(LogFieldValue), metadata={"description": "The commonest ones, most first"})


class LogFields(Sampled):
    """The fields of lines with their commonest values."""

    fields_ = fields.List(
        fields.Nested(LogField), data_key="fields", metadata={"description": "Fields, those of most lines first"}
    )


class LogPattern(AnswerSchema):
    """Lines that are the same but for what varies."""

    pattern = text("Their text, with `<_>` in place of what varies", "payment <_> took <_>ms for <_>")
    count = whole("How many there are", 900)
    level = choice("Their level", LEVELS)
    services = fields.List(fields.String(), metadata={"description": "Up to 10 services", "example": ["checkout"]})
    first = when("The first of them")
    last = when("The last of them")
    example = text("The newest one, cut after 500 characters", EXAMPLE)


class LogPatterns(Sampled):
    """The patterns of lines, the most frequent first."""

    patterns = fields.List(fields.Nested(LogPattern))


class LogContext(AnswerSchema):
    """A line among those of the same service and resource, oldest first."""

    before = fields.List(fields.Nested(LoggedLine))
    line = fields.Nested(LoggedLine)
    after = fields.List(fields.Nested(LoggedLine))
