"""Door for metrics that jobs push, as to Prometheus' Pushgateway: `/metrics/job/JOB{/LABEL/VALUE}`.

PUT replaces the group that the path names, POST replaces the metrics of it that are pushed, DELETE removes it. A push
with a malformed line is not recorded at all.

Source: github.com/prometheus/pushgateway#api
"""

from wsgiref.types import WSGIEnvironment

from gevent.lock import BoundedSemaphore

from analytics.answer import PLAIN_TEXT, Answer, text_refusal
from analytics.clock import Clock
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ANY_TYPE, WITH_SNAPPY
from analytics.doors.point_recorder import PointBatch, PointRecorder
from analytics.doors.prometheus.creation_times import CreationTimes
from analytics.doors.prometheus.grouping import Grouping, grouping_of
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.doors.prometheus.push_groups import PushGroups
from analytics.doors.prometheus.remote_write_door import answer_to, as_bad_request
from analytics.doors.prometheus.samples import point_of
from analytics.doors.prometheus.series_cache import known_series
from analytics.doors.prometheus.text import OPENMETRICS, BadTextLine, TextReader
from analytics.errors import AnalyticsError, MalformedBody
from analytics.identity import EVERYBODY, NotAllowed, identity_of
from analytics.points import GAUGE, NAME_LABEL, NewPoint
from analytics.records import PushedPoint
from analytics.yielding import yield_if_due

PUSH_TIME = "push_time_seconds"
"""Metric with the time of the last push of a group."""
TAKEN, DELETED = Answer(b"", 200, content_type=PLAIN_TEXT), Answer(b"", 202, content_type=PLAIN_TEXT)


class PushDoor:
    """Records pushes, and the groups that they leave.

    Args:
        groups: changes the groups of this service.
        clock: tells when a push came.
    """

    def __init__(
        self, points: PointRecorder, kinds: MetricKinds, groups: PushGroups, clock: Clock, limits: BodyLimits
    ) -> None:
        self._points, self._kinds, self._groups, self._clock = points, kinds, groups, clock
        self._bodies = BodyReader(limits, ANY_TYPE, WITH_SNAPPY)
        self._reader = TextReader(kinds, points.check, yield_if_due)
        self._changing = BoundedSemaphore(1)  # so that no value is repeated after its series ended

    def __call__(self, environ: WSGIEnvironment, path: str, *, is_base64: bool = False) -> Answer:
        """Answer a PUT, POST or DELETE.

        Args:
            path: what follows `/metrics/job/`, or `/metrics/job@base64/` with `is_base64`.
        """
        try:
            if identity_of(environ).is_browser:
                raise NotAllowed("Keys of web pages, which anybody can read, must not change groups of pushed metrics.")
            grouping = grouping_of(path, is_base64=is_base64)
            if environ["REQUEST_METHOD"] == "DELETE":
                return self._delete(environ, grouping)
            return self._push(environ, grouping, is_put=environ["REQUEST_METHOD"] == "PUT")
        except AnalyticsError as error:
            return text_refusal(as_bad_request(error))

    def repeat(self) -> None:
        """Record the values of all groups again, and end those that expired.

        Raises:
            Unavailable: nothing can be written now.
        """
        with self._changing:
            points = [*self._groups.expire(self._clock.wall()), *self._groups.points()]
            self._points.record(_batch(points), EVERYBODY, lambda: True)

    def _push(self, environ: WSGIEnvironment, grouping: Grouping, *, is_put: bool) -> Answer:
        pushed: list[PushedPoint] = []

        def decode() -> PointBatch:
            pushed.extend(self._decode(environ, grouping))
            self._groups.check(grouping, len(pushed))
            return _batch([each.point for each in pushed])

        with self._changing:
            receipt = self._points.receive(environ, decode)
            if receipt.rejected:
                return answer_to(receipt)
            self._points.record(_batch(self._groups.put(grouping, pushed, is_merge=not is_put)))
        return TAKEN

    def _decode(self, environ: WSGIEnvironment, grouping: Grouping) -> list[PushedPoint]:
        data, media_type = self._bodies.read(environ)
        pushed: list[PushedPoint] = []
        starts = CreationTimes(yield_if_due)
        for sample in self._reader.read(data, grouping, _refuse, is_openmetrics=media_type == OPENMETRICS):
            if sample.at is not None:
                raise BadTextLine(f"Line {sample.line}: pushed metrics must not have timestamps.")
            labels, name = sample.series
            starts.note(sample.series, sample.value)
            point = point_of(labels, self._kinds.kind(name), sample.value, None)
            if sample.exemplar is not None and point.has_value:
                point.exemplars = (sample.exemplar,)
            pushed.append(PushedPoint(sample.metric, point))
        starts.give([each.point for each in pushed])
        labels = known_series([*grouping, (NAME_LABEL, PUSH_TIME)]).labels
        pushed.append(PushedPoint(PUSH_TIME, NewPoint(labels, GAUGE, self._clock.wall())))
        return pushed

    def _delete(self, environ: WSGIEnvironment, grouping: Grouping) -> Answer:
        identity = identity_of(environ)
        identity.admit(1)
        refused = identity.why_not(NewPoint(known_series([*grouping, (NAME_LABEL, PUSH_TIME)]).labels, GAUGE))
        if refused is not None:
            raise refused
        with self._changing:
            self._points.record(_batch(self._groups.delete(grouping)))
        return DELETED


def _refuse(error: AnalyticsError, line: int) -> None:
    raise MalformedBody(f"Line {line}: {error.message}", code=error.code)


def _batch(points: list[NewPoint]) -> PointBatch:
    return PointBatch(points, range(len(points)), [])
