"""All doors of Prometheus' protocols, which share what their senders announce of metrics."""

from collections.abc import Callable

from analytics.clock import Clock
from analytics.doors.limits import BodyLimits
from analytics.doors.point_recorder import PointRecorder
from analytics.doors.prometheus.import_door import ImportDoor
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.push_door import PushDoor
from analytics.doors.prometheus.push_groups import PushGroups
from analytics.doors.prometheus.remote_write_door import RemoteWriteDoor


class PrometheusDoors:
    """The doors, and what they share.

    Args:
        points: records points.
        stored: returns the kind with which a metric is stored, or None.
        groups: changes the groups of pushed series.
        clock: tells when a push came.
        limits: those of a body.

    Attributes:
        kinds: what senders announced of metrics: types, help texts and units.
        write: the door for remote write.
        imports: the door for text.
        pushes: the door for pushes; its `repeat` is to be called every minute.
    """

    def __init__(
        self,
        points: PointRecorder,
        stored: Callable[[str], str | None],
        groups: PushGroups,
        clock: Clock,
        limits: BodyLimits,
    ) -> None:
        self.kinds = MetricKinds(stored)
        self.write = RemoteWriteDoor(points, self.kinds, limits)
        self.imports = ImportDoor(points, self.kinds, limits)
        self.pushes = PushDoor(points, self.kinds, groups, clock, limits)
