"""Spans of traces as a door received them; times are in nanoseconds since the epoch."""

from datetime import datetime
from typing import ClassVar

from msgspec import Raw, Struct

from analytics.log_lines import NO_ATTRIBUTES

NOTHING = Raw(b"[]")
SPAN_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
"""Kinds by their number, as OpenTelemetry numbers them."""
SERVER, CONSUMER = 2, 5
"""Kinds whose spans are requests to their service."""
SPAN_STATUSES = ("unset", "ok", "error")
"""Statuses by their number."""
SPAN_FAILED = 2
NEWEST_FIRST, SLOWEST_FIRST, SPREAD = "newest", "slowest", "spread"
"""Orders in which traces are listed."""


class NewSpan(Struct, gc=False, omit_defaults=True):
    """A span; it is immutable once taken in.

    Attributes:
        trace_id, span_id: 32 and 16 lower-case hexadecimal digits.
        service: where it took place.
        name: its operation.
        start, end: times; a span that ends before it begins is kept as it is.
        parent_id: the span that it is part of; empty for the first one of a trace.
        kind: index in `SPAN_KINDS`.
        status: index in `SPAN_STATUSES`, and a message where it failed.
        endpoint: the route of a request, where it is a request; its name if it has none.
        user_id: the user of a request; None if unknown.
        attributes, resource: JSON objects on one line; the second is about its service.
        events, links: JSON arrays on one line: `[{"time": ns, "name": …, "attributes": {…}}]` and
            `[{"trace_id": …, "span_id": …, "attributes": {…}}]`.
        scope: the name of the library that made it.
        state: the W3C trace state; empty if there is none.
        sender: who sent it, as in an event; clients cannot set it.

    Source: opentelemetry.io/docs/specs/otel/trace/api/#span
    """

    trace_id: str
    span_id: str
    service: str
    name: str
    start: int
    end: int
    parent_id: str = ""
    kind: int = 0
    status: int = 0
    status_message: str = ""
    endpoint: str = ""
    user_id: str | None = None
    attributes: Raw = NO_ATTRIBUTES
    resource: Raw = NO_ATTRIBUTES
    events: Raw = NOTHING
    links: Raw = NOTHING
    scope: str = ""
    state: str = ""
    sender: str | None = None

    timestamp: ClassVar[datetime | None] = None
    """Its times are `start` and `end`."""

    @property
    def id(self) -> str:
        """Identifies it: a span that is sent twice is a duplicate."""
        return self.trace_id + self.span_id

    @property
    def milliseconds(self) -> float:
        """How long it took; 0 if it ends before it begins."""
        return max(0, self.end - self.start) / 1e6


class CountedSpan(NewSpan, gc=False, omit_defaults=True):
    """A span of a trace that head sampling does not keep: it is counted like any other, and cannot be read."""

    @classmethod
    def of(cls, span: NewSpan) -> "CountedSpan":
        """What counts of a span."""
        return cls(
            span.trace_id,
            span.span_id,
            span.service,
            span.name,
            span.start,
            span.end,
            kind=span.kind,
            status=span.status,
            endpoint=span.endpoint,
            user_id=span.user_id,
            sender=span.sender,
        )
