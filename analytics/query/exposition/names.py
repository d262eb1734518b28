"""Names in an exposition: valid, and each taken once.

Characters that a format does not allow become `_`. Metrics of clients whose name is taken get `custom_` in front, their
labels `tag_`. So do labels whose names Prometheus reserves.

Source: prometheus.io/docs/concepts/data_model, prometheus.io/docs/instrumenting/escaping_schemes
"""

import re

from analytics.points import Labels
from analytics.query.exposition.family import Kind, MetricFamily

METRIC_PATTERN = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL_PATTERN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NOT_IN_METRICS = re.compile(r"[^a-zA-Z0-9_:]")
NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")
SAMPLE_SUFFIXES: dict[Kind, tuple[str, ...]] = {
    "gauge": ("",),
    "counter": ("", "_total", "_created"),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
}
"""Suffixes of the names of samples after the name of their family; OpenMetrics reserves all of them."""
IN_FRONT_OF_METRICS, IN_FRONT_OF_LABELS = "custom_", "tag_"


class ExposedNames:
    """Names of one exposition.

    Args:
        utf8: whether names may have any characters.
    """

    def __init__(self, *, utf8: bool) -> None:
        self._utf8 = utf8
        self._taken: set[str] = set()
        self._plain: set[str] = set()
        self._series: set[Labels] = set()
        self._kind: Kind = "gauge"

    def begin(self, metric: MetricFamily) -> str:
        """The name of a family that begins, without the `_total` of a counter."""
        self._series.clear()
        if metric.kind != self._kind:
            self._plain.clear()
            self._kind = metric.kind
        name = metric.name
        if metric.is_custom:
            if not self._utf8:
                name = _without(NOT_IN_METRICS, name)
            while any(name + suffix in self._taken for suffix in SAMPLE_SUFFIXES[metric.kind]):
                name = IN_FRONT_OF_METRICS + name
        self._taken.update(name + suffix for suffix in SAMPLE_SUFFIXES[metric.kind])
        return name

    def labels(self, labels: Labels) -> Labels:
        """The labels of a series of a custom metric, with valid names; no two series of its family have the same."""
        if not all(name in self._plain or self._is_plain(name) for name, _ in labels):
            labels = self._renamed(labels, "")
        while labels in self._series:
            labels = self._renamed(labels, IN_FRONT_OF_LABELS)
        self._series.add(labels)
        return labels

    def _is_plain(self, name: str) -> bool:
        """Whether a label can have this name."""
        valid = bool(name) if self._utf8 else LABEL_PATTERN.fullmatch(name) is not None
        if not valid or name.startswith("__") or (name == "le" and self._kind == "histogram"):
            return False
        self._plain.add(name)
        return True

    def _renamed(self, labels: Labels, front: str) -> Labels:
        """Labels with names that are plain and differ; all but `service` get `front` in front."""
        taken = {name for name, _ in labels if not front and self._is_plain(name)}
        renamed: list[tuple[str, str]] = []
        for old, value in labels:
            name = old
            if front and old != "service":
                name = front + old
            elif old not in taken:
                name = old if self._utf8 and old else _without(NOT_IN_LABELS, old)
                while name in taken or not self._is_plain(name):
                    name = IN_FRONT_OF_LABELS + name
            taken.add(name)
            renamed.append((name, value))
        return tuple(renamed)


def _without(characters: re.Pattern[str], name: str) -> str:
    """The name with `_` for these characters, and in front of a digit."""
    name = characters.sub("_", name) or "_"
    return f"_{name}" if name[0].isdigit() else name
