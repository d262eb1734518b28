"""The text formats: Prometheus 0.0.4 and 1.0.0, and OpenMetrics 1.0.

Sources: prometheus.io/docs/instrumenting/exposition_formats,
prometheus.io/docs/specs/om/open_metrics_spec
"""

import math
import re
from collections.abc import Iterable, Sequence

from analytics.points import Exemplar, Labels
from analytics.query.exposition.family import Classic, MetricFamily, Native, Slice, Value, newest_within
from analytics.query.exposition.names import METRIC_PATTERN, ExposedNames

SPECIAL_NUMBERS = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
_must_escape = re.compile(r'[\\"\n]').search
_is_name = METRIC_PATTERN.fullmatch


class TextWriter:
    """Writes one exposition as text.

    Args:
        openmetrics: whether in OpenMetrics' variant.
        utf8: whether names may have any characters; they are quoted then.
    """

    def __init__(self, *, openmetrics: bool, utf8: bool) -> None:
        self._openmetrics = openmetrics
        self._names = ExposedNames(utf8=utf8)
        self._name = ""
        self.end = b"# EOF\n" if openmetrics else b""

    def begin(self, metric: MetricFamily) -> bytes:
        """The lines HELP and TYPE of a family, whose slices follow."""
        self._name = self._names.begin(metric)
        name = self._name
        if metric.kind == "counter" and not self._openmetrics:
            name += "_total"
        name = name if _is_name(name) else _quoted(name)
        about = _escaped(metric.about) if self._openmetrics else metric.about.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {name} {about}\n# TYPE {name} {metric.kind}\n".encode()

    def series(self, part: Slice) -> bytes:
        """The lines of some series of the family that was begun last."""
        metric, name, lines = part.metric, self._name, list[str]()
        if metric.kind == "histogram":
            for place, (labels, value) in enumerate(part.series):
                if isinstance(value, (Classic, Native)):
                    self._histogram(lines, self._pairs(metric, labels), value, part.exemplars.get(place, ()))
            return "".join(lines).encode()
        if metric.kind == "counter":
            name += "_total"
        for place, (labels, value) in enumerate(part.series):
            newest = part.exemplars.get(place, ())[-1:]
            after = self._exemplar(newest[0]) if newest else ""
            lines.append(f"{_series(name, self._pairs(metric, labels))} {_number(value)}{after}\n")
        return "".join(lines).encode()

    def family(self, parts: list[bytes]) -> Iterable[bytes]:
        """The whole family, made of what `begin` and `series` returned."""
        return parts

    def _pairs(self, metric: MetricFamily, labels: Labels) -> str:
        """The labels without braces."""
        if metric.is_custom:
            labels = self._names.labels(labels)
        return ",".join(
            [
                f'{name if _is_name(name) else _quoted(name)}="{_escaped(value) if _must_escape(value) else value}"'
                for name, value in labels
            ]
        )

    def _histogram(
        self, lines: list[str], pairs: str, value: Classic | Native, exemplars: Sequence[Exemplar] = ()
    ) -> None:
        name, classic = self._name, value.classic if isinstance(value, Native) else value
        bucket = _series(f"{name}_bucket", f'{pairs},le="' if pairs else 'le="')[:-1]
        above = -math.inf
        for bound, count in (*classic.buckets, (math.inf, classic.count)):
            newest = newest_within(exemplars, above, bound) if exemplars else None
            after = "" if newest is None else self._exemplar(newest)
            lines.append(f'{bucket}{_number(bound)}"}} {_number(count)}{after}\n')
            above = bound
        if classic.sum >= 0 or not self._openmetrics:  # OpenMetrics has no sums of negative observations
            lines.append(f"{_series(f'{name}_count', pairs)} {_number(classic.count)}\n")
            lines.append(f"{_series(f'{name}_sum', pairs)} {_number(classic.sum)}\n")

    def _exemplar(self, exemplar: Exemplar) -> str:
        """The text after a value: an exemplar of it, which only OpenMetrics has."""
        if not self._openmetrics:
            return ""
        pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in exemplar.labels if _is_name(name))
        return f" # {{{pairs}}} {_number(exemplar.value)} {exemplar.at!r}"


def _series(name: str, pairs: str) -> str:
    """Name and labels of a series."""
    if _is_name(name):
        return f"{name}{{{pairs}}}" if pairs else name
    return f"{{{_quoted(name)},{pairs}}}" if pairs else f"{{{_quoted(name)}}}"


def _quoted(name: str) -> str:
    return f'"{_escaped(name)}"'


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: Value) -> str:
    text = repr(value)
    return SPECIAL_NUMBERS.get(text, text)
