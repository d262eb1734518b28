"""The messages of OTLP's traces and logs in JSON; what their parts hold is decoded later.

They have the attributes of those in protobuf, so that one translation serves both forms. Ids are in hexadecimal.
The attributes of each part are one text; see `json_attributes`.

Source: opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from collections.abc import Sequence

from msgspec import Raw, Struct

NO_RAW = Raw(b"")


class Message(Struct, rename="camel", gc=False):
    """A message; unknown fields are ignored."""


class Resource(Message):
    """What a sender says of itself."""

    attributes: Raw = NO_RAW


class Scope(Message):
    """The library that made spans or log records."""

    name: str | None = ""


class Status(Message):
    """How a span ended."""

    message: str | None = ""
    code: int | str = 0


class Span(Message):
    """A span."""

    trace_id: str = ""
    span_id: str = ""
    trace_state: str | None = ""
    parent_span_id: str | None = ""
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: Raw = NO_RAW
    events: Sequence[Raw] = ()
    links: Sequence[Raw] = ()
    status: Raw = NO_RAW


class Event(Message):
    """An event of a span."""

    time_unix_nano: int = 0
    name: str = ""
    attributes: Raw = NO_RAW


class Link(Message):
    """A link of a span."""

    trace_id: str = ""
    span_id: str = ""
    attributes: Raw = NO_RAW


class ScopeSpans(Message):
    """Spans of one library."""

    scope: Scope | None = None
    spans: Sequence[Span] = ()


class ResourceSpans(Message):
    """Spans of one sender."""

    resource: Resource | None = None
    scope_spans: Sequence[ScopeSpans] = ()


class Traces(Message):
    """ExportTraceServiceRequest."""

    resource_spans: Sequence[ResourceSpans] = ()


class LogRecord(Message):
    """A log record."""

    time_unix_nano: int = 0
    severity_number: int | str = 0
    severity_text: str | None = ""
    body: Raw = NO_RAW
    attributes: Raw = NO_RAW
    trace_id: str | None = ""
    span_id: str | None = ""
    observed_time_unix_nano: int = 0
    event_name: str | None = ""


class ScopeLogs(Message):
    """Log records of one library."""

    scope: Scope | None = None
    log_records: Sequence[LogRecord] = ()


class ResourceLogs(Message):
    """Log records of one sender."""

    resource: Resource | None = None
    scope_logs: Sequence[ScopeLogs] = ()


class Logs(Message):
    """ExportLogsServiceRequest."""

    resource_logs: Sequence[ResourceLogs] = ()
