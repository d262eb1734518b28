"""Collects the points of a request, and an error for each item that cannot be kept."""

from collections.abc import Callable, Sequence

from analytics.doors.point_recorder import PointBatch
from analytics.doors.prometheus.samples import point_of
from analytics.doors.prometheus.series_cache import KnownSeries
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.points import Exemplar, NewPoint
from analytics.records import ItemError


class Collected:
    """Points with their places in the request.

    Args:
        kind: returns the kind of a metric, which is asked for once a request.

    Attributes:
        weight: how many points more the native histograms count for, by their buckets.
    """

    def __init__(self, kind: Callable[[str], str]) -> None:
        self._kind = kind
        self._kinds: dict[str, str] = {}
        self.weight = 0
        self.points: list[NewPoint] = []
        self.places: list[int] = []
        self.errors: list[ItemError] = []

    def add(
        self, series: KnownSeries, value: float, at: float | None, place: int, exemplar: Exemplar | None = None
    ) -> None:
        """Add a sample of a series, or an error if its value cannot be kept; `at` in seconds since the epoch."""
        labels, name = series
        kind = self._kinds.get(name)
        if kind is None:
            kind = self._kinds[name] = self._kind(name)
        try:
            point = point_of(labels, kind, value, at)
        except ValidationFailed as error:
            self.refuse(error, place)
            return
        if exemplar is not None and point.has_value:
            point.exemplars = (exemplar,)
        self.add_point(point, place)

    def add_exemplars(self, series: KnownSeries, exemplars: Sequence[Exemplar], place: int) -> None:
        """Add exemplars of a series, without a sample, as Prometheus sends them."""
        if exemplars:
            self.add_point(NewPoint(series.labels, self._kind(series.name), exemplars=tuple(exemplars)), place)

    def add_point(self, point: NewPoint, place: int) -> None:
        """Add a point."""
        self.points.append(point)
        self.places.append(place)

    def refuse(self, error: AnalyticsError, place: int, count: int = 1) -> None:
        """Add `count` errors for an item, so many as it has points."""
        self.errors += [ItemError(place, error.code, error.message, next(iter(error.fields), None))] * count

    def batch(self) -> PointBatch:
        """Everything that was added."""
        return PointBatch(self.points, self.places, self.errors)
