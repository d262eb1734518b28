"""Exemplars as protocols for numbers send them: which are kept, and with which labels.

Source: prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
"""

import math
from collections.abc import Iterable

from analytics.points import Exemplar, Labels, labels_of

MOST_CHARACTERS = 128
"""Names and values of all labels of an exemplar together, as OpenMetrics limits them."""
TRACE_LABELS = ("trace_id", "span_id")
MOST_OF_POINT = 10
"""Exemplars of one point; the last ones are kept."""


def made_exemplar(pairs: Iterable[tuple[str, str]], value: float, at: float | None) -> Exemplar | None:
    """The exemplar with these labels, at a time in seconds since the epoch.

    If the labels are too long, those of its trace are kept. None if the value is not finite, or nothing is left.
    """
    labels = labels_of(pairs)
    if _characters(labels) > MOST_CHARACTERS:
        labels = tuple(pair for pair in labels if pair[0] in TRACE_LABELS)
    if not math.isfinite(value) or not labels or _characters(labels) > MOST_CHARACTERS:
        return None
    return Exemplar(labels, value, at)


def _characters(labels: Labels) -> int:
    return sum(len(name) + len(value) for name, value in labels)
