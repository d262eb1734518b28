"""Schemas of questions about traces, and of their answers."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from analytics.schemas.answers import AnswerSchema, choice, number, tally, text, time, whole
from analytics.schemas.fields import JsonObject, OneOf, Text
from analytics.schemas.queries import Query, Seconds, When, whole_number
from analytics.spans import NEWEST_FIRST, SLOWEST_FIRST, SPAN_KINDS, SPAN_STATUSES, SPREAD

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
NANOSECONDS = "1705314615000000000"


class TraceId(fields.String):
    """The id of a trace: up to 32 hexadecimal digits, as Jaeger's clients shorten it."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        found: str = super()._deserialize(value, *args, **kwargs).lower()
        if not 1 <= len(found) <= 32 or set(found) - set("0123456789abcdef"):
            raise ValidationError("Must be 1 to 32 hexadecimal digits.")
        return found.zfill(32)


class TracePath(Schema):
    """Path parameter: a trace."""

    trace_id = TraceId(required=True, metadata={"description": "Id of the trace", "example": TRACE_ID})


class Milliseconds(Seconds):
    """Milliseconds in plain decimal digits."""


class TracesQuery(Query):
    """Filters of GET /traces, besides `attributes.K=V`; one span of the trace has to match all of them."""

    service = Text(1, 128, load_default=None, metadata={"description": "Spans of this service"})
    operation = Text(1, 1024, load_default=None, metadata={"description": "Spans of this name"})
    status = OneOf(SPAN_STATUSES, load_default=None, metadata={"description": "Spans with this status"})
    least = Milliseconds(
        data_key="min_duration_ms", load_default=None, metadata={"description": "Spans that took at least as long"}
    )
    most = Milliseconds(
        data_key="max_duration_ms", load_default=None, metadata={"description": "Spans that took at most as long"}
    )
    trace_least = Milliseconds(
        data_key="min_trace_duration_ms",
        load_default=None,
        metadata={"description": "Traces that took at least as long, whichever span matches"},
    )
    trace_most = Milliseconds(
        data_key="max_trace_duration_ms",
        load_default=None,
        metadata={"description": "Traces that took at most as long, whichever span matches"},
    )
    start = When(data_key="from", load_default=None, metadata={"description": "Start; default: an hour before `to`"})
    end = When(data_key="to", load_default=None, metadata={"description": "End; default: now"})
    order = OneOf(
        (NEWEST_FIRST, SLOWEST_FIRST, SPREAD),
        load_default=NEWEST_FIRST,
        metadata={
            "description": "The traces whose matching spans are the newest, or the slowest, come first; or, with "
            "`spread`, equally many of each 50th of the range, failed and slow ones before others"
        },
    )
    limit = whole_number(1, 1000, 100, "Maximum number of traces")


class GraphQuery(Query):
    """Range of GET /services/graph."""

    start = When(data_key="from", load_default=None, metadata={"description": "Start; default: an hour before `to`"})
    end = When(data_key="to", load_default=None, metadata={"description": "End; default: now"})


class TraceRow(AnswerSchema):
    """A trace in a list."""

    trace_id = text("Its id", TRACE_ID)
    start = time("Start of its first span")
    start_ns = text("The same in nanoseconds since the epoch", NANOSECONDS)
    duration_ms = number("From its first start to its last end", 81.5)
    spans = whole("Number of spans", 12)
    errors = whole("Spans with the status `error`", 1)
    services = tally("Number of spans by service", {"frontend": 4, "checkout": 8})
    service = text("Service of its first span; null while that has not come", "frontend", allow_none=True)
    name = text("Name of its first span", "POST /checkout", allow_none=True)


class TraceRows(AnswerSchema):
    """Traces that match."""

    traces = fields.List(fields.Nested(TraceRow))
    count = whole("Number of traces in this answer", 1)
    limit = whole("Limit in the query", 100)


class SpanEvent(AnswerSchema):
    """Something that happened during a span, such as an exception."""

    name = text("Its name", "exception")
    time = time("When it happened")
    time_ns = text("The same in nanoseconds since the epoch", NANOSECONDS)
    attributes = JsonObject(metadata={"description": "Its attributes", "example": {"exception.type": "TimeoutError"}})


class SpanLink(AnswerSchema):
    """A span of another trace that belongs to it."""

    trace_id = text("Trace", TRACE_ID)
    span_id = text("Span", SPAN_ID)
    attributes = JsonObject(metadata={"description": "Attributes of the link", "example": {}})


class SpanAnswer(AnswerSchema):
    """A span."""

    span_id = text("Its id", SPAN_ID)
    parent_id = text("The span that it is part of; null for the first one", "b7ad6b7169203331", allow_none=True)
    service = text("Where it took place", "checkout")
    name = text("Its operation", "POST /checkout")
    kind = choice("Its kind", SPAN_KINDS)
    start = time("Its start")
    start_ns = text("The same in nanoseconds since the epoch", NANOSECONDS)
    end_ns = text("Its end in nanoseconds since the epoch", NANOSECONDS)
    duration_ms = number("How long it took; negative if it ends before it begins", 81.5)
    status = choice("Its status", SPAN_STATUSES)
    status_message = text("Why it failed", "deadline exceeded")
    attributes = JsonObject(metadata={"description": "Its attributes", "example": {"http.route": "/checkout"}})
    resource = JsonObject(metadata={"description": "Attributes of its service", "example": {"host.name": "web-1"}})
    events = fields.List(fields.Nested(SpanEvent), metadata={"description": "What happened during it"})
    links = fields.List(fields.Nested(SpanLink), metadata={"description": "Spans of other traces"})
    scope = text("The library that made it", "opentelemetry.instrumentation.flask")
    state = text("W3C trace state", "")


class TraceAnswer(AnswerSchema):
    """A trace."""

    trace_id = text("Its id", TRACE_ID)
    start = time("Start of its first span")
    start_ns = text("The same in nanoseconds since the epoch", NANOSECONDS)
    duration_ms = number("From its first start to its last end", 81.5)
    services = tally("Number of spans by service", {"frontend": 4, "checkout": 8})
    spans = fields.List(fields.Nested(SpanAnswer), metadata={"description": "By their start"})
    span_count = whole("Number of spans; more than are in `spans` in a very long trace", 12)


class GraphNodeAnswer(AnswerSchema):
    """A service in the graph."""

    name = text("Its name", "checkout")
    requests = whole("Requests to it", 1200)
    errors = whole("Those that failed", 3)
    requests_per_second = number("Their rate over the range", 0.333)
    p95_ms = number("Duration that 95 % of them do not exceed; null without any", 81.5, allow_none=True)
    is_outside = fields.Boolean(
        metadata={"description": "Whether it sends no spans itself, such as a database", "example": False}
    )


class GraphEdgeAnswer(AnswerSchema):
    """Calls from a service to another one."""

    caller = text("The service that calls", "frontend", data_key="from")
    called = text("The one that is called", "checkout", data_key="to")
    requests = whole("Number of calls", 1200)
    errors = whole("Those that failed", 3)
    requests_per_second = number("Their rate over the range", 0.333)
    p95_ms = number("Duration that 95 % of them do not exceed", 81.5, allow_none=True)


class GraphAnswer(AnswerSchema):
    """The graph of services."""

    start = time("Start of the range", data_key="from")
    end = time("Its end", data_key="to")
    services = fields.List(fields.Nested(GraphNodeAnswer))
    calls = fields.List(fields.Nested(GraphEdgeAnswer))
