"""The doors for line protocol, one for each version of InfluxDB's API."""

from analytics.doors.influx.dialects import INFLUX_1, INFLUX_2, INFLUX_3
from analytics.doors.influx.door import InfluxDoor
from analytics.doors.limits import BodyLimits
from analytics.doors.point_recorder import PointRecorder


class InfluxDoors:
    """The doors by their paths.

    Args:
        max_lines: how many lines one request may have.
    """

    def __init__(self, points: PointRecorder, limits: BodyLimits, max_lines: int) -> None:
        self.by_path = {
            "/write": InfluxDoor(INFLUX_1, points, limits, max_lines),
            "/api/v2/write": InfluxDoor(INFLUX_2, points, limits, max_lines),
            "/api/v3/write_lp": InfluxDoor(INFLUX_3, points, limits, max_lines),
        }
