"""The doors for numbers, over HTTP and UDP: what the factory builds of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from analytics.clock import Clock
from analytics.doors.door import Door
from analytics.doors.influx.doors import InfluxDoors
from analytics.doors.limits import BodyLimits
from analytics.doors.otlp.door import OtlpMetricsDoor
from analytics.doors.point_recorder import PointRecorder
from analytics.doors.prometheus.doors import PrometheusDoors
from analytics.doors.statsd.door import StatsdDoor
from analytics.doors.statsd.listener import StatsdListener


class NumberDoors:
    """The doors for HTTP.

    Args:
        points: records points.
        stored: returns the kind with which a metric is stored, or None.
        clock: tells when a push came.
        limits: those of a body.
        max_batch: how many lines of line protocol one request may have.
    """

    def __init__(
        self,
        points: PointRecorder,
        stored: Callable[[str], str | None],
        clock: Clock,
        limits: BodyLimits,
        max_batch: int,
    ) -> None:
        self.prometheus = PrometheusDoors(points, stored, clock, limits)
        self.influx = InfluxDoors(points, limits, max_batch)
        self.otlp_metrics = OtlpMetricsDoor(points, limits)

    @property
    def by_path(self) -> Mapping[str, Door]:
        """The doors at fixed paths."""
        return {
            "/api/v1/write": self.prometheus.write,
            "/api/v1/import/prometheus": self.prometheus.imports,
            "/v1/metrics": self.otlp_metrics,
            **self.influx.by_path,
        }


def statsd_door(
    points: PointRecorder,
    port: int,
    allowed: Sequence[str],
    dropped: Callable[[str, int], None],
    admit: Callable[[str], Callable[[int], None] | None],
) -> StatsdDoor:
    """The door for StatsD at a UDP port; see `StatsdDoor`, and `StatsdListener` for `allowed`."""
    return StatsdDoor(points, partial(StatsdListener, port, allowed), dropped, admit)
