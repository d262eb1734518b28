"""The series of one data point: its labels, times and source."""

import math
from typing import Any

from analytics.doors.otlp.resources import Sender
from analytics.doors.series_labels import checked_labels
from analytics.points import GAUGE, HISTOGRAM, NAME_LABEL, Exemplar, ExponentialHistogram, NewPoint

NANOSECONDS = 1e9


class BadPoint(ValueError):
    """A data point is invalid; the message says why."""

    code = "malformed_point"


class PointMaker:
    """Makes the points of one data point.

    Args:
        name: of the metric, translated.
        point: the data point.
        is_cumulative: whether its values are totals.
    """

    def __init__(self, name: str, sender: Sender, point: Any, unit: str | None, *, is_cumulative: bool) -> None:
        self.is_cumulative = is_cumulative
        self._name, self._unit = name, unit
        self._labels = sender.labels_with(point.attributes)
        self._at = point.time_unix_nano / NANOSECONDS or None
        self._started = point.start_time_unix_nano / NANOSECONDS or None
        self._source = sender.source
        if is_cumulative and not sender.is_one:  # processes that are described alike have different starts
            self._source += f"/{point.start_time_unix_nano:x}"

    def point(
        self,
        kind: str,
        value: float | None,
        *,
        suffix: str = "",
        extra: tuple[str, str] | None = None,
        exemplars: tuple[Exemplar, ...] = (),
    ) -> NewPoint:
        """A gauge or counter, whose name ends with `suffix`, with an `extra` label."""
        point = NewPoint(self._series(suffix, extra), kind, value, self._at, unit=self._unit, exemplars=exemplars)
        if kind != GAUGE:
            self._count(point)
        return point

    def histogram(self, histogram: ExponentialHistogram, exemplars: tuple[Exemplar, ...]) -> NewPoint:
        """A histogram."""
        labels = self._series("", None)
        point = NewPoint(labels, HISTOGRAM, None, self._at, histogram, unit=self._unit, exemplars=exemplars)
        self._count(point)
        return point

    @staticmethod
    def bound(value: float) -> str:
        """The text of a bound or quantile, as Prometheus writes it: `0.5`, `10`, `+Inf`."""
        if math.isinf(value):
            return "+Inf" if value > 0 else "-Inf"
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(float(value))

    def _series(self, suffix: str, extra: tuple[str, str] | None) -> Any:
        labels = {**self._labels, NAME_LABEL: self._name + suffix}
        if extra is not None:
            labels[extra[0]] = extra[1]
        return checked_labels(labels.items())

    def _count(self, point: NewPoint) -> None:
        point.source, point.is_cumulative, point.started = self._source, self.is_cumulative, self._started


def number(value: float) -> float:
    """A value as a finite number.

    Raises:
        BadPoint: it is NaN or infinite.
    """
    value = float(value)
    if not math.isfinite(value):
        raise BadPoint(f"{value} is not a finite number")
    return value
