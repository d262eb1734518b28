"""A line on its way through a pipeline, and the labels that it has."""

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from analytics.log_lines import level_of

ERROR_LABEL, ERROR_DETAILS = "__error__", "__error_details__"
"""Labels of lines that a stage could not read."""
SERVICE_NAME_LABEL, LEVEL_LABEL, DETECTED_LEVEL = "service_name", "level", "detected_level"
Labels = Mapping[str, str]
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")


def label_name(name: str) -> str:
    """A name as the name of a label: with underscores for what Prometheus does not allow."""
    found = _NOT_IN_NAMES.sub("_", name)
    return f"_{found}" if found[:1].isdigit() or not found else found


def label_text(value: Any) -> str:
    """A value of JSON as the text of a label."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stream_labels(service: str, severity: int, resource: Mapping[str, Any]) -> dict[str, str]:
    """The labels of the stream of a line: those of its resource, its service and its level, without empty ones."""
    labels = {label_name(name): label_text(value) for name, value in resource.items()}
    labels[SERVICE_NAME_LABEL] = service
    labels.setdefault(LEVEL_LABEL, level_of(severity))
    return {name: text for name, text in labels.items() if text}


class LogEntry(Struct):
    """A line.

    Attributes:
        time: in nanoseconds since the epoch.
        line: its text, as stages wrote it.
        stream: the labels of its stream.
        metadata: those of the line itself: its attributes, trace and level.
        parsed: those that stages found or wrote; they hide the others.
    """

    time: int
    line: str
    stream: Labels
    metadata: Labels
    parsed: dict[str, str]
    hidden: set[str]

    @classmethod
    def of(cls, time: int, line: str, stream: Labels, metadata: Labels) -> "LogEntry":
        """A line before the first stage."""
        return cls(time, line, stream, metadata, {}, set())

    def get(self, name: str) -> str:
        """A label; empty if it has none."""
        found = self.parsed.get(name)
        if found is not None:
            return found
        if name in self.hidden:
            return ""
        return self.metadata.get(name) or self.stream.get(name) or ""

    def set(self, name: str, value: str) -> None:
        """Give it a label."""
        self.parsed[name] = value

    def extract(self, name: str, value: str) -> None:
        """Give it a label that was found in the line, which hides none of those that were sent."""
        if name in self.stream or name in self.metadata:
            name = f"{name}_extracted"
        self.parsed[name] = value

    def remove(self, name: str) -> None:
        """Take a label away."""
        self.parsed.pop(name, None)
        self.hidden.add(name)

    def fail(self, kind: str, details: str) -> None:
        """Note that a stage could not read it."""
        self.parsed.setdefault(ERROR_LABEL, kind)
        self.parsed.setdefault(ERROR_DETAILS, details)

    def sent_labels(self) -> dict[str, str]:
        """The labels of its stream that are left."""
        return self._left(self.stream)

    def metadata_labels(self) -> dict[str, str]:
        """The labels of the line itself that are left."""
        return self._left(self.metadata)

    def parsed_labels(self) -> dict[str, str]:
        """The labels that stages gave it."""
        return {name: text for name, text in self.parsed.items() if text}

    def labels(self) -> dict[str, str]:
        """All labels."""
        return {**self.sent_labels(), **self.metadata_labels(), **self.parsed_labels()}

    def _left(self, labels: Labels) -> dict[str, str]:
        if not self.hidden and not self.parsed:
            return dict(labels)
        return {name: text for name, text in labels.items() if name not in self.hidden and name not in self.parsed}
