"""Exemplars of OTLP's data points.

Source: opentelemetry.io/docs/specs/otel/metrics/data-model/#exemplars
"""

from typing import Any

from analytics.doors.exemplars import MOST_OF_POINT, TRACE_LABELS, made_exemplar
from analytics.doors.otlp.resources import MOST_ATTRIBUTES, attribute_labels
from analytics.points import Exemplar

_NANOSECONDS = 1e9


def exemplars_of(point: Any) -> tuple[Exemplar, ...]:
    """The exemplars of a data point, with the ids of their traces and with the attributes that the point has not."""
    return tuple(found for each in point.exemplars[-MOST_OF_POINT:] if (found := _exemplar(each)) is not None)


def _exemplar(each: Any) -> Exemplar | None:
    kind = each.WhichOneof("value")
    if kind is None:
        return None
    ids = zip(TRACE_LABELS, map(_id, (each.trace_id, each.span_id)), strict=True)
    labels = {**attribute_labels(each.filtered_attributes[:MOST_ATTRIBUTES]), **dict(ids)}
    return made_exemplar(labels.items(), float(getattr(each, kind)), each.time_unix_nano / _NANOSECONDS or None)


def _id(given: str | bytes) -> str:
    """An id in hexadecimal, as JSON has it already; empty for none, which is also written as zeros."""
    text = given.hex() if isinstance(given, bytes) else given.lower()
    return text if text.strip("0") else ""
