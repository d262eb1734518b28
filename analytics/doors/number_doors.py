"""The doors for numbers over HTTP: what the factory builds of them. Each protocol is loaded with its first request."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer
from analytics.clock import Clock
from analytics.doors.door import Door
from analytics.doors.limits import BodyLimits
from analytics.doors.point_recorder import PointRecorder
from analytics.lazy import Lazy

if TYPE_CHECKING:
    from analytics.doors.influx.doors import InfluxDoors
    from analytics.doors.otlp.door import OtlpMetricsDoor
    from analytics.doors.prometheus.doors import PrometheusDoors
    from analytics.doors.prometheus.push_groups import KeptGroups, PushLog

INFLUX_WRITES = ("/write", "/api/v2/write", "/api/v3/write_lp")
"""Paths of the versions of InfluxDB's API."""


class NumberDoors:
    """The doors for HTTP.

    Args:
        points: records points.
        stored: returns the kind with which a metric is stored, or None.
        pushed: the groups of pushed series.
        push: records a change of them.
        clock: tells when a push came.
        limits: those of a body.
        max_batch: how many lines of line protocol one request may have.
    """

    def __init__(
        self,
        points: PointRecorder,
        stored: Callable[[str], str | None],
        pushed: "KeptGroups",
        push: "PushLog",
        clock: Clock,
        limits: BodyLimits,
        max_batch: int,
    ) -> None:
        self._pushed = pushed

        def prometheus() -> "PrometheusDoors":
            from analytics.doors.prometheus.doors import PrometheusDoors
            from analytics.doors.prometheus.push_groups import PushGroups

            return PrometheusDoors(points, stored, PushGroups(pushed, push), clock, limits)

        def influx() -> "InfluxDoors":
            from analytics.doors.influx.doors import InfluxDoors

            return InfluxDoors(points, limits, max_batch)

        def otlp_metrics() -> "OtlpMetricsDoor":
            from analytics.doors.otlp.door import OtlpMetricsDoor

            return OtlpMetricsDoor(points, limits)

        self.prometheus, self.influx, self.otlp_metrics = Lazy(prometheus), Lazy(influx), Lazy(otlp_metrics)

    @property
    def by_path(self) -> Mapping[str, Door]:
        """The doors at fixed paths."""
        return {
            "/api/v1/write": lambda environ: self.prometheus().write(environ),
            "/api/v1/import/prometheus": lambda environ: self.prometheus().imports(environ),
            "/v1/metrics": lambda environ: self.otlp_metrics()(environ),
            **{path: partial(self._write_influx, path) for path in INFLUX_WRITES},
        }

    def _write_influx(self, path: str, environ: WSGIEnvironment) -> Answer:
        return self.influx().by_path[path](environ)

    def repeat_pushes(self) -> None:
        """Record what was pushed once more; to be called every minute."""
        if self.prometheus.made is not None or len(self._pushed):
            self.prometheus().pushes.repeat()

    def described(self) -> dict[str, list[dict[str, str]]]:
        """Metadata of metrics from senders, by name, in the shape of Prometheus' `/api/v1/metadata`."""
        return {} if self.prometheus.made is None else self.prometheus.made.kinds.described()
