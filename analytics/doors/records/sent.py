"""Log lines and spans from what clients send in JSON by the schemas of the service."""

from typing import Any

import msgspec
from msgspec import Raw

from analytics.doors.records.attributes import Count, json_object
from analytics.doors.records.levels import severity_in, severity_of
from analytics.doors.records.lines import limited_body
from analytics.doors.records.names import clean_name
from analytics.doors.records.trace_ids import SPAN_DIGITS, TRACE_DIGITS, ids_in_attributes, ids_in_text, is_id
from analytics.errors import ValidationFailed
from analytics.log_lines import NO_ATTRIBUTES, NewLogLine
from analytics.schemas.log_line import SentLine
from analytics.schemas.record_fields import nanoseconds
from analytics.schemas.span import SentEvent, SentLink, SentSpan
from analytics.spans import NOTHING, SPAN_KINDS, SPAN_STATUSES, NewSpan

ROUTE, USERS = "http.route", ("user.id", "enduser.id")


def line_of(sent: SentLine, dropped: Count) -> NewLogLine:
    """The log line that a client sent.

    Raises:
        ValidationFailed: it has no message, or two.
    """
    body = sent.body if sent.message is None else sent.message
    if body is None or (sent.message is not None and sent.body is not None):
        raise ValidationFailed("A line has a `message` or a `body`.", fields={"message": ["Give it, or `body`."]})
    attributes = _object(sent.attributes)
    level = sent.severity if sent.level is None else sent.level
    text = clean_name(level) if isinstance(level, str) else ""
    severity = level if isinstance(level, int) else severity_of(text)
    trace_id, span_id = (sent.trace_id or "").lower(), (sent.span_id or "").lower()
    if not trace_id:
        trace_id, found = ids_in_text(body)
        if not trace_id and attributes:
            trace_id, found = ids_in_attributes(attributes, lambda name: str(attributes[name]))
        span_id = span_id or found
    return NewLogLine(
        sent.service,
        limited_body(body, dropped),
        None if sent.timestamp is None else nanoseconds(sent.timestamp),
        severity or severity_in(body),
        text,
        trace_id,
        span_id,
        json_object(attributes, dropped),
        scope=sent.logger or "",
        id=sent.id,
    )


def span_of(sent: SentSpan, dropped: Count) -> NewSpan:
    """The span that a client sent.

    Raises:
        ValidationFailed: it has no end, or two; or a link without valid ids.
    """
    start = nanoseconds(sent.start)
    if (sent.end is None) == (sent.duration_ms is None):
        raise ValidationFailed(
            "A span has an `end` or a `duration_ms`.", fields={"end": ["Give it, or `duration_ms`."]}
        )
    end = start + round((sent.duration_ms or 0) * 1e6) if sent.end is None else nanoseconds(sent.end)
    attributes = _object(sent.attributes)
    route, user = attributes.get(ROUTE), next((attributes[name] for name in USERS if name in attributes), None)
    return NewSpan(
        sent.trace_id.lower(),
        sent.span_id.lower(),
        sent.service,
        sent.name,
        start,
        end,
        (sent.parent_id or "").lower(),
        SPAN_KINDS.index(sent.kind or SPAN_KINDS[0]),
        SPAN_STATUSES.index(sent.status or SPAN_STATUSES[0]),
        sent.status_message or "",
        sent.endpoint or (clean_name(route) if isinstance(route, str) else "") or sent.name,
        sent.user_id or (clean_name(str(user)) if user else None),
        json_object(attributes, dropped),
        events=_list([_event(each, dropped) for each in sent.events or ()]),
        links=_list([_link(each, dropped) for each in sent.links or ()]),
    )


def _object(json: Raw) -> dict[str, Any]:
    if json is NO_ATTRIBUTES:
        return {}
    found: dict[str, Any] = msgspec.json.decode(json)
    return found


def _list(parts: list[bytes]) -> Raw:
    return Raw(b"[%b]" % b",".join(parts)) if parts else NOTHING


def _event(sent: SentEvent, dropped: Count) -> bytes:
    name = msgspec.json.encode(clean_name(sent.name))
    return b'{"time":%d,"name":%b,"attributes":%b}' % (
        nanoseconds(sent.time),
        name,
        json_object(sent.attributes, dropped),
    )


def _link(sent: SentLink, dropped: Count) -> bytes:
    trace_id, span_id = sent.trace_id.lower(), sent.span_id.lower()
    if not is_id(trace_id, TRACE_DIGITS) or not is_id(span_id, SPAN_DIGITS):
        raise ValidationFailed(
            "A link has the ids of a trace and of a span.",
            fields={"links": ["Must have a `trace_id` of 32 and a `span_id` of 16 hexadecimal digits, not all zeros."]},
        )
    attributes = json_object(sent.attributes, dropped)
    return b'{"trace_id":"%b","span_id":"%b","attributes":%b}' % (trace_id.encode(), span_id.encode(), attributes)
