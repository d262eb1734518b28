"""Doors for log lines and spans in the JSON of this service: `POST /logs` and `POST /spans`."""

from analytics.doors.limits import BodyLimits
from analytics.doors.records.attributes import Count
from analytics.doors.records.json_door import RecordJsonDoor
from analytics.doors.records.receiver import RecordReceiver
from analytics.doors.records.sent import line_of, span_of
from analytics.log_lines import NewLogLine
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.log_line import LogLineSchema, SentLine
from analytics.schemas.span import SentSpan, SpanSchema
from analytics.spans import NewSpan
from analytics.yielding import yield_if_due


def logs_door(
    receiver: RecordReceiver[NewLogLine], limits: BodyLimits, max_batch: int, dropped: Count
) -> RecordJsonDoor[SentLine, NewLogLine]:
    """The door for log lines, with at most `max_batch` in one request."""
    decoder = SchemaDecoder(LogLineSchema(), SentLine, max_batch, yield_if_due)
    return RecordJsonDoor("logs", receiver, limits, decoder, lambda sent: line_of(sent, dropped), "log line recorded")


def spans_door(
    receiver: RecordReceiver[NewSpan], limits: BodyLimits, max_batch: int, dropped: Count
) -> RecordJsonDoor[SentSpan, NewSpan]:
    """The door for spans, with at most `max_batch` in one request."""
    decoder = SchemaDecoder(SpanSchema(), SentSpan, max_batch, yield_if_due)
    return RecordJsonDoor("spans", receiver, limits, decoder, lambda sent: span_of(sent, dropped), "span recorded")
