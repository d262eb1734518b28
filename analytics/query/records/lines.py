"""Log lines as they are read from a source, and as they are served."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from analytics.log_lines import level_of
from analytics.query.records.source import LINE_COLUMNS

NANOSECONDS = 1_000_000_000
SELECTED = ", ".join(LINE_COLUMNS)
"""The columns of a line as SQL."""
_decode = msgspec.json.Decoder(float_hook=str).decode


class LineRow(Struct, frozen=True, gc=False):
    """A line as the source has it: `LINE_COLUMNS` in their order."""

    seq: int
    id: str
    time: int
    received: int
    service: str
    severity: int
    severity_text: str
    body: str
    trace_id: str
    span_id: str
    attributes: str
    resource: str
    scope: str


class LineJson(Struct, gc=False):
    """A line as it is served; times are RFC 3339 to the nanosecond."""

    id: str
    time: str
    received_at: str
    service: str
    level: str
    severity: int
    severity_text: str
    body: str
    trace_id: str
    span_id: str
    attributes: Raw
    resource: Raw
    scope: str


def line_row(row: Sequence[Any]) -> LineRow:
    """A row of an answer."""
    return LineRow(*row)


def line_json(line: LineRow) -> LineJson:
    """A line as it is served."""
    return LineJson(
        line.id,
        nanosecond_text(line.time),
        nanosecond_text(line.received),
        line.service,
        level_of(line.severity),
        line.severity,
        line.severity_text,
        line.body,
        line.trace_id,
        line.span_id,
        Raw(line.attributes.encode()),
        Raw(line.resource.encode()),
        line.scope,
    )


def nanosecond_text(at: int) -> str:
    """Nanoseconds since the epoch as RFC 3339 in UTC."""
    seconds, rest = divmod(at, NANOSECONDS)
    seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{rest:09d}".rstrip("0")
    return f"{whole}.{digits.ljust(3, '0')}Z"


def json_object(text: str) -> dict[str, Any]:
    """The fields of a JSON object; numbers with a fraction are texts as they are written."""
    try:
        found = _decode(text)
    except (msgspec.DecodeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
