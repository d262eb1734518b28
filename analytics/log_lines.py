"""Log lines as a door received them; times are in nanoseconds since the epoch."""

from datetime import datetime
from typing import ClassVar

from msgspec import Raw, Struct

NO_ATTRIBUTES = Raw(b"{}")
LEVELS = ("unknown", "trace", "debug", "info", "warn", "error", "fatal")
"""Levels from the least to the most severe; `unknown` is that of lines that say none."""
_SEVERITIES_A_LEVEL = 4


class NewLogLine(Struct, gc=False, omit_defaults=True):
    """A log line; it is immutable once taken in.

    Attributes:
        service: what wrote it.
        body: its text, or the JSON of a structured body.
        time: when it was written; None for when it is received.
        severity: from 1 (trace) to 24 (fatal), as OpenTelemetry numbers it; 0 if unknown.
        severity_text: how its source calls the severity; empty if it says none.
        trace_id, span_id: in lower-case hexadecimal digits; empty if there is none.
        attributes: a JSON object on one line.
        resource: a JSON object on one line with what lines of the same source share, such as the labels of a stream.
        scope: the name of the logger; empty if there is none.
        id: the client's own, which makes a retry safe.
        sender: who sent it, as in an event; clients cannot set it.

    Source: opentelemetry.io/docs/specs/otel/logs/data-model/
    """

    service: str
    body: str
    time: int | None = None
    severity: int = 0
    severity_text: str = ""
    trace_id: str = ""
    span_id: str = ""
    attributes: Raw = NO_ATTRIBUTES
    resource: Raw = NO_ATTRIBUTES
    scope: str = ""
    id: str | None = None
    sender: str | None = None

    timestamp: ClassVar[datetime | None] = None
    """Its time is in `time`."""


def level_of(severity: int) -> str:
    """The level of a severity number: one of `LEVELS`."""
    return LEVELS[(severity + _SEVERITIES_A_LEVEL - 1) // _SEVERITIES_A_LEVEL] if 0 < severity <= 24 else LEVELS[0]
