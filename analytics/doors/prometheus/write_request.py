"""Decodes the requests of Prometheus' remote write 1.0.

A series that cannot be kept is an error of its own, by its place in the request; bytes that are no such message are an
error of the whole request.

Source: prometheus.io/docs/specs/prw/remote_write_spec and
github.com/prometheus/prometheus/blob/main/prompb/types.proto
"""

from collections.abc import Callable

from analytics.doors.point_recorder import PointBatch
from analytics.doors.prometheus.collected import Collected
from analytics.doors.prometheus.metric_kinds import MetricInfo, MetricKinds
from analytics.doors.prometheus.time_series import SERIES_BETWEEN_PAUSES, TimeSeries
from analytics.doors.prometheus.wire import LONG_FIELD, MalformedProtobuf, fields

METRIC_TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
"""Types of metrics by their number in the protocol."""
SERIES, METADATA = 1, 3
"""Numbers of the fields of a request."""


class WriteRequests:
    """Decodes requests.

    Args:
        kinds: the kinds of metrics; it remembers what requests announce.
        check: called with a number of points, raises TooLarge.
        pause: called from time to time, to yield to others if that is due.
    """

    def __init__(self, kinds: MetricKinds, check: Callable[[int], None], pause: Callable[[], None]) -> None:
        self._kinds, self._check, self._pause = kinds, check, pause
        self._series = TimeSeries(self._go_on)

    def decode(self, data: bytes) -> PointBatch:
        """Decode a request.

        Raises:
            MalformedProtobuf: the body is no such message.
            TooLarge: it has too many points or series.
        """
        into = Collected(self._kinds.kind)
        is_request = not data
        for place, field in enumerate(fields(data)):
            is_request = is_request or field.number in (SERIES, METADATA)
            if field.number == SERIES:
                self._series.decode(field.content(), into, place)
            elif field.number == METADATA:
                self._announce(field.message())
            if not place % SERIES_BETWEEN_PAUSES or len(field.data) > LONG_FIELD:
                self._go_on(max(place, into.weight + len(into.points) + len(into.errors)))
        if not is_request:
            raise MalformedProtobuf("The message has neither series nor metadata: it is no request of remote write.")
        return into.batch()

    def _go_on(self, points: int) -> None:
        self._check(points)
        self._pause()

    def _announce(self, data: bytes) -> None:
        name, number, help_, unit = "", 0, "", ""
        for field in fields(data):
            if field.number == 1:
                number = field.uint64()
            elif field.number == 2:
                name = field.text()
            elif field.number == 4:
                help_ = field.text()
            elif field.number == 5:
                unit = field.text()
        type_ = METRIC_TYPES[number] if number < len(METRIC_TYPES) else METRIC_TYPES[0]
        self._kinds.announce(name, MetricInfo(type_, help_, unit))
