"""Log lines and spans as columns of a table, the same in memory and in the long-term store."""

from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from analytics.log_lines import NewLogLine
from analytics.spans import NewSpan

SECOND_NANOSECONDS = 1_000_000_000
MAX_TIME = 2**63 - 1
MAX_NUMBER = 2**31 - 1
RecordColumns = dict[str, Sequence[Any]]
"""The values of each column by its name, in the order of the records."""


def line_columns(lines: Sequence[NewLogLine], received: float) -> RecordColumns:
    """The columns of log lines that were received at a time, in seconds since the epoch; without `seq` and `id`."""
    at = nanoseconds(received)
    return {
        "time": [at if line.time is None else line.time for line in lines],
        "received": [at] * len(lines),
        "service": [line.service for line in lines],
        "severity": [_bounded(line.severity, MAX_NUMBER) for line in lines],
        "severity_text": [line.severity_text for line in lines],
        "body": [line.body for line in lines],
        "trace_id": [line.trace_id for line in lines],
        "span_id": [line.span_id for line in lines],
        "attributes": _texts([line.attributes for line in lines]),
        "resource": _texts([line.resource for line in lines]),
        "scope": [line.scope for line in lines],
    }


def span_columns(spans: Sequence[NewSpan], received: float) -> RecordColumns:
    """The columns of spans that were received at a time, in seconds since the epoch; without `seq`."""
    return {
        "received": [nanoseconds(received)] * len(spans),
        "trace_id": [span.trace_id for span in spans],
        "span_id": [span.span_id for span in spans],
        "parent_id": [span.parent_id for span in spans],
        "service": [span.service for span in spans],
        "name": [span.name for span in spans],
        "start_time": [span.start for span in spans],
        "end_time": [_bounded(span.end, MAX_TIME) for span in spans],
        "kind": [_bounded(span.kind, MAX_NUMBER) for span in spans],
        "status": [_bounded(span.status, MAX_NUMBER) for span in spans],
        "status_message": [span.status_message for span in spans],
        "endpoint": [span.endpoint for span in spans],
        "user_id": [span.user_id for span in spans],
        "attributes": _texts([span.attributes for span in spans]),
        "resource": _texts([span.resource for span in spans]),
        "events": _texts([span.events for span in spans]),
        "links": _texts([span.links for span in spans]),
        "scope": [span.scope for span in spans],
        "state": [span.state for span in spans],
    }


def nanoseconds(at: float) -> int:
    """Seconds as nanoseconds."""
    return round(at * SECOND_NANOSECONDS)


def _bounded(number: int, most: int) -> int:
    """The number, or the nearest one from 0 that a column can hold."""
    return number if 0 <= number <= most else max(0, min(number, most))


def _texts(values: Sequence[Raw]) -> Sequence[str]:
    """JSON as text; joined first, which is quicker than one by one."""
    texts = b"\n".join(values).decode().split("\n")
    return texts if len(texts) == len(values) else [str(value, "utf-8") for value in values]
