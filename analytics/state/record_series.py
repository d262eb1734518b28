"""Series that count log lines and spans; clients cannot send series of these names."""

from analytics.points import NAME_LABEL, Labels, labels_of
from analytics.state.series.store import SERVICE_LABEL

LOG_LINES, SPAN_TIME = "log_lines_total", "span_milliseconds"
RECORD_SERIES = frozenset((LOG_LINES, SPAN_TIME))
OTHER_SPANS = "other"
"""Name of the spans of a service beyond the limit."""
MAX_SPAN_SERIES = 2_000
"""So many series of spans have the names of their operations."""


def line_labels(service: str, level: str) -> Labels:
    """The labels of the counter of lines of a level."""
    return labels_of([(NAME_LABEL, LOG_LINES), (SERVICE_LABEL, service), ("level", level)])


def span_labels(service: str, name: str, kind: str, status: str) -> Labels:
    """The labels of the histogram of the durations of spans."""
    return labels_of(
        [(NAME_LABEL, SPAN_TIME), (SERVICE_LABEL, service), ("name", name), ("kind", kind), ("status", status)]
    )
