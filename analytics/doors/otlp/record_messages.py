"""The messages of OTLP's traces and logs in protobuf.

Attributes, statuses, events and bodies are declared as bytes: most attributes and statuses were seen before, and are
found by their bytes.

Source: github.com/open-telemetry/opentelemetry-proto
"""

from functools import cache
from typing import Any

from analytics.doors.protobuf import BYTES, FIXED32, FIXED64, INT32, UINT32, Field, message_classes

_RESOURCE = (Field("attributes", 1, BYTES, is_repeated=True),)
_SCOPE = (Field("name", 1, BYTES), Field("version", 2, BYTES))
_MESSAGES = {
    "Resource": _RESOURCE,
    "Scope": _SCOPE,
    "Status": (Field("message", 2, BYTES), Field("code", 3, INT32)),
    "Span": (
        Field("trace_id", 1, BYTES),
        Field("span_id", 2, BYTES),
        Field("trace_state", 3, BYTES),
        Field("parent_span_id", 4, BYTES),
        Field("name", 5, BYTES),
        Field("kind", 6, INT32),
        Field("start_time_unix_nano", 7, FIXED64),
        Field("end_time_unix_nano", 8, FIXED64),
        Field("attributes", 9, BYTES, is_repeated=True),
        Field("events", 11, BYTES, is_repeated=True),
        Field("links", 13, BYTES, is_repeated=True),
        Field("status", 15, BYTES),
    ),
    "Event": (
        Field("time_unix_nano", 1, FIXED64),
        Field("name", 2, BYTES),
        Field("attributes", 3, BYTES, is_repeated=True),
    ),
    "Link": (
        Field("trace_id", 1, BYTES),
        Field("span_id", 2, BYTES),
        Field("attributes", 4, BYTES, is_repeated=True),
    ),
    "ScopeSpans": (Field("scope", 1, "Scope"), Field("spans", 2, "Span", is_repeated=True)),
    "ResourceSpans": (Field("resource", 1, "Resource"), Field("scope_spans", 2, "ScopeSpans", is_repeated=True)),
    "Traces": (Field("resource_spans", 1, "ResourceSpans", is_repeated=True),),
    "LogRecord": (
        Field("time_unix_nano", 1, FIXED64),
        Field("severity_number", 2, INT32),
        Field("severity_text", 3, BYTES),
        Field("body", 5, BYTES),
        Field("attributes", 6, BYTES, is_repeated=True),
        Field("dropped_attributes_count", 7, UINT32),
        Field("flags", 8, FIXED32),
        Field("trace_id", 9, BYTES),
        Field("span_id", 10, BYTES),
        Field("observed_time_unix_nano", 11, FIXED64),
        Field("event_name", 12, BYTES),
    ),
    "ScopeLogs": (Field("scope", 1, "Scope"), Field("log_records", 2, "LogRecord", is_repeated=True)),
    "ResourceLogs": (Field("resource", 1, "Resource"), Field("scope_logs", 2, "ScopeLogs", is_repeated=True)),
    "Logs": (Field("resource_logs", 1, "ResourceLogs", is_repeated=True),),
}


@cache
def protobuf_messages() -> dict[str, Any]:
    """The classes of the messages: `Traces` and `Logs` are the requests."""
    return message_classes("analytics.otlp", _MESSAGES)
