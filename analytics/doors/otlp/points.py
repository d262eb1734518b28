"""Points from the metrics of an OTLP request, in protobuf or JSON.

Source: opentelemetry.io/docs/specs/otel/metrics/data-model/
"""

from collections.abc import Callable, Iterator
from typing import Any

from analytics.doors.groups import GroupLimit
from analytics.doors.otlp.exemplars import exemplars_of
from analytics.doors.otlp.histograms import classic_points, exponential_point
from analytics.doors.otlp.names import metric_name
from analytics.doors.otlp.resources import MOST_ATTRIBUTES, Sender
from analytics.doors.otlp.series import BadPoint, PointMaker, number
from analytics.doors.series_labels import BadLabels
from analytics.points import COUNTER, GAUGE, NewPoint
from analytics.records import ItemError
from analytics.schemas.compiled import DecodedBatch

TEMPORALITIES = {
    1: False,
    "AGGREGATION_TEMPORALITY_DELTA": False,
    2: True,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": True,
}
"""Whether values are totals, by the value of `aggregation_temporality`, or its name, which some send in JSON."""
NO_VALUE = 1
"""Flag of a point without a value: its series has ended."""
PAUSE_EVERY = 16
"""Data points between two calls of `pause`, which is also called after one that is more points."""
MOST_QUANTILES = 1_000
"""Quantiles of one data point."""


def decode_points(
    request: Any, check: Callable[[int], None], pause: Callable[[], None] = lambda: None
) -> DecodedBatch[NewPoint]:
    """The points of a request; the place of each is the index of its data point in the request.

    Args:
        request: an ExportMetricsServiceRequest, of protobuf or of `json_messages`.
        check: called from time to time with the number of points; raises TooLarge.
        pause: called from time to time, to yield to others.

    Raises:
        TooLarge: there are too many points, resources, scopes or metrics.
    """
    items, places, errors = list[NewPoint](), list[int](), list[ItemError]()
    for place, (sender, metric, kind, point) in enumerate(_data_points(request, GroupLimit(pause))):
        if place % PAUSE_EVERY == PAUSE_EVERY - 1:
            check(len(items) + len(errors))
            pause()
        try:
            found = list(_points(sender, metric, kind, point))
        except OverflowError:
            errors.append(ItemError(place, BadPoint.code, f"metric {metric.name[:80]!r}: a number exceeds 64 bits"))
        except (BadPoint, BadLabels) as error:
            errors.append(ItemError(place, BadPoint.code, f"metric {metric.name[:80]!r}: {error}"))
        else:
            items += found
            places += [place] * len(found)
            if len(found) > PAUSE_EVERY:
                pause()
    check(len(items) + len(errors))
    return DecodedBatch(items, places, errors)


def _data_points(request: Any, groups: GroupLimit) -> Iterator[tuple[Sender, Any, str, Any]]:
    """The data points with their senders, metrics and kinds."""
    for of_resource in groups.each(request.resource_metrics):
        for of_scope in groups.each(of_resource.scope_metrics):
            sender = Sender(of_resource.resource, of_scope.scope)
            for metric in groups.each(of_scope.metrics):
                kind = metric.WhichOneof("data")
                if kind is not None:
                    for point in getattr(metric, kind).data_points:
                        yield sender, metric, kind, point


def _points(sender: Sender, metric: Any, kind: str, point: Any) -> Iterator[NewPoint]:
    """The points of one data point.

    Raises:
        BadPoint: it is invalid, or of a kind that is not supported.
        BadLabels: its labels are.
    """
    if len(point.attributes) > MOST_ATTRIBUTES:
        raise BadPoint(f"{len(point.attributes)} attributes are more than {MOST_ATTRIBUTES}")
    data = getattr(metric, kind)
    name = metric_name(metric.name, metric.unit, is_counter=_is_counter(kind, data), is_gauge=kind == "gauge")
    if not name:
        raise BadPoint("its name has no letter or digit")
    series = PointMaker(name, sender, point, metric.unit[:32] or None, is_cumulative=_is_cumulative(kind, data))
    has_value = not point.flags & NO_VALUE
    match kind:
        case "gauge":
            yield _number(series, GAUGE, point, has_value=has_value)
        case "sum" if data.is_monotonic:
            yield _number(series, COUNTER, point, has_value=has_value)
        case "sum":
            if not series.is_cumulative:
                raise BadPoint(
                    "changes of a sum that can fall (delta, not monotonic) are not supported: send its totals"
                )
            yield _number(series, GAUGE, point, has_value=has_value)
        case "histogram" if has_value:
            yield from classic_points(series, point)
        case "exponential_histogram" if has_value:
            yield exponential_point(series, point)
        case "summary" if has_value:
            yield from _summary(series, point)


def _is_counter(kind: str, data: Any) -> bool:
    return kind == "sum" and bool(data.is_monotonic)


def _is_cumulative(kind: str, data: Any) -> bool:
    if kind in ("gauge", "summary"):
        return kind == "summary"
    is_cumulative = TEMPORALITIES.get(data.aggregation_temporality)
    if is_cumulative is None:
        raise BadPoint(f"its temporality is {str(data.aggregation_temporality)[:40]}, neither delta nor cumulative")
    return is_cumulative


def _number(series: PointMaker, kind: str, point: Any, *, has_value: bool) -> NewPoint:
    """The point of a gauge or sum."""
    return series.point(kind, _value(point), exemplars=exemplars_of(point)) if has_value else series.point(kind, None)


def _value(point: Any) -> float:
    kind = point.WhichOneof("value")
    if kind is None:
        raise BadPoint("a point has no value")
    return number(getattr(point, kind))


def _summary(series: PointMaker, point: Any) -> Iterator[NewPoint]:
    if len(point.quantile_values) > MOST_QUANTILES:
        raise BadPoint(f"{len(point.quantile_values)} quantiles are too many")
    for quantile in point.quantile_values:
        if quantile.value == quantile.value:  # NaN stands for no observations
            yield series.point(GAUGE, number(quantile.value), extra=("quantile", series.bound(quantile.quantile)))
    yield series.point(COUNTER, number(point.sum), suffix="_sum")
    yield series.point(COUNTER, number(point.count), suffix="_count")
