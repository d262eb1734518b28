"""The messages of OTLP's metrics in JSON.

They have the attributes and methods of the classes that are generated from the protobuf files, so that one translation
serves both forms. JSON has integers of 64 bits as text or numbers, and names in camel case.

Source: opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from collections.abc import Sequence

from msgspec import Struct

BYTES_OF_VALUE = 8
"""Each value of a request in JSON has so many bytes, at least: an attribute is four values of ten bytes and more."""


class Message(Struct, rename="camel", frozen=True, gc=False):
    """A message."""

    def HasField(self, name: str) -> bool:  # noqa: N802  # the name in generated classes
        """Whether a field was given."""
        return getattr(self, name) is not None


class AnyValue(Message, frozen=True):
    """A value of an attribute."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    array_value: "ArrayValue | None" = None
    kvlist_value: "KeyValueList | None" = None
    bytes_value: str | None = None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802
        """The name of the field that was given."""
        return next((name for name in self.__struct_fields__ if getattr(self, name) is not None), None)


class ArrayValue(Message, frozen=True):
    """A list of values."""

    values: Sequence[AnyValue] = ()


class KeyValue(Message, frozen=True):
    """An attribute."""

    key: str = ""
    value: AnyValue = AnyValue()


class KeyValueList(Message, frozen=True):
    """A map of values."""

    values: Sequence[KeyValue] = ()


class Exemplar(Message, frozen=True):
    """An exemplar of a point; its ids are in hexadecimal."""

    filtered_attributes: Sequence[KeyValue] = ()
    time_unix_nano: int = 0
    span_id: str = ""
    trace_id: str = ""
    as_double: float | None = None
    as_int: int | None = None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802
        """The name of the value that was given."""
        return _number_given(self)


class Point(Message, frozen=True):
    """Fields that all points have."""

    attributes: Sequence[KeyValue] = ()
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    flags: int = 0
    exemplars: Sequence[Exemplar] = ()


class NumberDataPoint(Point, frozen=True):
    """A point of a gauge or sum."""

    as_double: float | None = None
    as_int: int | None = None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802
        """The name of the value that was given."""
        return _number_given(self)


class HistogramDataPoint(Point, frozen=True):
    """A point of a histogram with explicit bounds."""

    count: int = 0
    sum: float | None = None
    bucket_counts: Sequence[int] = ()
    explicit_bounds: Sequence[float] = ()


class Buckets(Message, frozen=True):
    """The buckets of one sign of an exponential histogram."""

    offset: int = 0
    bucket_counts: Sequence[int] = ()


class ExponentialHistogramDataPoint(Point, frozen=True):
    """A point of an exponential histogram."""

    count: int = 0
    sum: float | None = None
    scale: int = 0
    zero_count: int = 0
    zero_threshold: float = 0.0
    positive: Buckets = Buckets()
    negative: Buckets = Buckets()


class ValueAtQuantile(Message, frozen=True):
    """A quantile of a summary."""

    quantile: float = 0.0
    value: float = 0.0


class SummaryDataPoint(Point, frozen=True):
    """A point of a summary."""

    count: int = 0
    sum: float = 0.0
    quantile_values: Sequence[ValueAtQuantile] = ()


class Gauge(Message, frozen=True):
    """The points of a gauge."""

    data_points: Sequence[NumberDataPoint] = ()


class Sum(Message, frozen=True):
    """The points of a sum."""

    data_points: Sequence[NumberDataPoint] = ()
    aggregation_temporality: int | str = 0
    is_monotonic: bool = False


class Histogram(Message, frozen=True):
    """The points of a histogram."""

    data_points: Sequence[HistogramDataPoint] = ()
    aggregation_temporality: int | str = 0


class ExponentialHistogram(Message, frozen=True):
    """The points of an exponential histogram."""

    data_points: Sequence[ExponentialHistogramDataPoint] = ()
    aggregation_temporality: int | str = 0


class Summary(Message, frozen=True):
    """The points of a summary."""

    data_points: Sequence[SummaryDataPoint] = ()


class Metric(Message, frozen=True):
    """A metric with its points."""

    name: str = ""
    unit: str = ""
    gauge: Gauge | None = None
    sum: Sum | None = None
    histogram: Histogram | None = None
    exponential_histogram: ExponentialHistogram | None = None
    summary: Summary | None = None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802
        """The name of the kind of points that were given."""
        return next((name for name in KINDS if getattr(self, name) is not None), None)


KINDS = ("gauge", "sum", "histogram", "exponential_histogram", "summary")


class Scope(Message, frozen=True):
    """The entity that measured, by its attributes."""

    name: str = ""
    version: str = ""


class ScopeMetrics(Message, frozen=True):
    """The metrics of a library."""

    scope: Scope = Scope()
    metrics: Sequence[Metric] = ()


class Resource(Message, frozen=True):
    """The entity that measured, by its attributes."""

    attributes: Sequence[KeyValue] = ()


class ResourceMetrics(Message, frozen=True):
    """The metrics of one sender."""

    resource: Resource = Resource()
    scope_metrics: Sequence[ScopeMetrics] = ()


class Request(Message, frozen=True):
    """A request."""

    resource_metrics: Sequence[ResourceMetrics] = ()


def _number_given(message: Exemplar | NumberDataPoint) -> str | None:
    return "as_int" if message.as_int is not None else "as_double" if message.as_double is not None else None
