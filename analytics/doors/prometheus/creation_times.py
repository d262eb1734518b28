"""Since when counters count, as OpenMetrics' `_created` samples of the same request say.

Source: prometheus.io/docs/specs/om/open_metrics_spec/#counter-1
"""

import math
from collections.abc import Callable, Sequence

from analytics.doors.prometheus.metric_kinds import COUNTER_SUFFIXES
from analytics.doors.prometheus.series_cache import KnownSeries
from analytics.points import COUNTER, NAME_LABEL, Labels, NewPoint

CREATED = "_created"
WITHIN_METRIC = (NAME_LABEL, "le", "quantile")
"""Labels that tell the series of one counter, histogram or summary apart."""
POINTS_BETWEEN_PAUSES = 128


class CreationTimes:
    """The creation times of the metrics of a request.

    Args:
        pause: called from time to time, to yield to others if that is due.
    """

    def __init__(self, pause: Callable[[], None]) -> None:
        self._pause = pause
        self._found: dict[tuple[str, Labels], float] = {}

    def note(self, series: KnownSeries, value: float) -> None:
        """Note a sample, if it says when a metric was created."""
        if series.name.endswith(CREATED) and math.isfinite(value) and value > 0:
            self._found[series.name.removesuffix(CREATED), _others(series.labels)] = value

    def give(self, points: Sequence[NewPoint]) -> None:
        """Set the starts of the counters among the points."""
        if not self._found:
            return
        for count, point in enumerate(points):
            if not count % POINTS_BETWEEN_PAUSES:
                self._pause()
            if point.kind == COUNTER:
                point.started = self._found.get((_metric(point.name), _others(point.labels)))


def _metric(name: str) -> str:
    """The name of a metric from that of a series."""
    return name.rpartition("_")[0] if name.endswith(COUNTER_SUFFIXES) else name


def _others(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in WITHIN_METRIC)
