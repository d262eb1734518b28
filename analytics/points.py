"""Points: typed observations of labelled series, as the doors for numbers produce them.

A series is identified by its labels, which include its name as `__name__`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from msgspec import Struct

Labels = tuple[tuple[str, str], ...]
"""Names and values of labels, ordered by name. None is empty."""

NAME_LABEL = "__name__"
COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
POINT_KINDS = (COUNTER, GAUGE, HISTOGRAM)


class ExponentialHistogram(Struct, frozen=True, gc=False, omit_defaults=True):
    """Counts of values in exponential buckets, as OpenTelemetry defines them.

    Bucket `i` holds the values in (base**i, base**(i+1)] with base = 2**(2**-scale); `negative` likewise for the
    magnitudes of negative values. Prometheus' native histograms call the same bucket `i + 1`.

    Source: opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram
    """

    scale: int
    count: float
    sum: float
    positive: dict[int, float]
    negative: dict[int, float] = {}
    zero_count: float = 0.0
    zero_threshold: float = 0.0
    """Magnitudes up to this one are counted in `zero_count`."""


class Exemplar(Struct, frozen=True, gc=False, array_like=True):
    """One observation of a series that stands for others: what tells more about it, such as its trace.

    Attributes:
        labels: such as `trace_id`.
        value: what was observed.
        at: when, in seconds since the epoch; None for the time of its point.
    """

    labels: Labels
    value: float
    at: float | None = None


class NewPoint(Struct, gc=False, omit_defaults=True):
    """A point of one series as a door received it.

    Attributes:
        labels: identify the series.
        kind: one of `POINT_KINDS`.
        value: of a gauge, or of a counter: its increase, or its total since `started` if it `is_cumulative`. None for
            histograms, and for a stale marker, which ends a series.
        at: when it was observed, in seconds since the epoch; None for when it is received.
        histogram: the observations of a histogram since the previous point, or since `started` if it `is_cumulative`.
        started: since when a counter or histogram counts, in seconds since the epoch, if its sender knows it.
        source: tells apart several senders of the same series, whose totals must be compared separately.
        unit: for people, such as "ms".
        sender: who sent it, as in an event; clients cannot set it.
        exemplars: observations that it stands for. A point with nothing else brings those of a series that is known.
    """

    labels: Labels
    kind: str
    value: float | None = None
    at: float | None = None
    histogram: ExponentialHistogram | None = None
    is_cumulative: bool = False
    started: float | None = None
    source: str = ""
    unit: str | None = None
    sender: str | None = None
    exemplars: tuple[Exemplar, ...] = ()

    timestamp: ClassVar[datetime | None] = None
    id: ClassVar[str | None] = None
    """A point has no id: a repeated cumulative point or gauge of the same time changes nothing. Its time is `at`."""

    @property
    def has_value(self) -> bool:
        """Whether it is an observation: neither a stale marker, nor exemplars alone."""
        return self.value is not None or self.histogram is not None

    @property
    def service(self) -> str | None:
        """The value of its label `service`, if it has one."""
        return next((value for name, value in self.labels if name == "service"), None)

    @property
    def name(self) -> str:
        """The name of its metric; empty if it has none."""
        return next((value for name, value in self.labels if name == NAME_LABEL), "")


def labels_of(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Labels in their order, without empty ones. Of several with one name, the last one counts."""
    return tuple(sorted((name, value) for name, value in dict(pairs).items() if value))
