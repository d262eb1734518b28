"""Streams of Loki's push protocol: log lines that share labels."""

from collections.abc import Mapping
from typing import Any

from analytics.doors.records.attributes import Count, json_object
from analytics.doors.records.levels import severity_in, severity_of
from analytics.doors.records.lines import limited_body, time_within
from analytics.doors.records.names import clean_name, service_name
from analytics.doors.records.trace_ids import ids_in_attributes, ids_in_text
from analytics.log_lines import NO_ATTRIBUTES, NewLogLine

SERVICE_LABELS = (
    *("service_name", "service", "app", "application", "app_kubernetes_io_name", "container", "container_name"),
    *("component", "workload", "job"),
)
"""Labels that name the service; the first one counts."""
LEVEL_LABELS = ("level", "detected_level", "severity", "lvl")
"""Labels, or structured metadata, with the level."""


class PushedStream:
    """The labels of a stream, and the lines that have them.

    Args:
        labels: as they were sent; they come back as the resource of the lines.
        dropped: counts what was cut or left out.
    """

    def __init__(self, labels: Mapping[str, str], dropped: Count) -> None:
        self._dropped = dropped
        self._service = service_name(next((labels[name] for name in SERVICE_LABELS if labels.get(name)), ""))
        self._resource = json_object(labels, dropped)
        self._level = _level(labels)
        self._severity = severity_of(self._level)

    def line(self, time: int, text: str, metadata: Mapping[str, Any] | None) -> NewLogLine:
        """A line of the stream.

        Args:
            time: in nanoseconds since the epoch.
            metadata: its structured metadata.
        """
        level, severity, attributes = self._level, self._severity, NO_ATTRIBUTES
        trace_id, span_id = ids_in_text(text)
        if metadata:
            attributes = json_object(metadata, self._dropped)
            own = _level(metadata)
            if own:
                level, severity = own, severity_of(own)
            if not trace_id:
                trace_id, span_id = ids_in_attributes(metadata, lambda name: str(metadata[name]))
        return NewLogLine(
            self._service,
            limited_body(text, self._dropped),
            time_within(time),
            severity or severity_in(text),
            level,
            trace_id,
            span_id,
            attributes,
            self._resource,
        )


def pushed_line(labels: Mapping[str, str], time: int, text: str, metadata: Mapping[str, str]) -> NewLogLine:
    """A line as a push of this stream would have it."""
    return PushedStream(labels, lambda reason, count: None).line(time, text, metadata)


def _level(labels: Mapping[str, Any]) -> str:
    for name in LEVEL_LABELS:
        if name in labels:
            return clean_name(str(labels[name]))
    return ""
