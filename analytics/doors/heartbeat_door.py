"""Heartbeats: one JSON object as the body, or the name of a service and a query (a ping)."""

from collections.abc import Callable, Iterable
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer, json_answer, refusal
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ONE_RECORD
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.kinds import HEARTBEATS
from analytics.log.recorder import Recorder
from analytics.records import NewHeartbeat
from analytics.schemas.compiled import load, loaded
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.queries import PingQuery, given_once

SCHEMA = HeartbeatSchema()
PING = PingQuery()


class HeartbeatDoor:
    """Takes heartbeats one by one."""

    def __init__(self, recorder: Recorder, limits: BodyLimits) -> None:
        self._recorder, self._bodies = recorder, BodyReader(limits, ONE_RECORD)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the heartbeat in a request's body, and answer it."""

        def decode() -> NewHeartbeat:
            heartbeat: NewHeartbeat = load(SCHEMA, self._bodies.read(environ).data)
            return heartbeat

        return self._take(decode)

    def ping(self, service: str, query: Iterable[tuple[str, list[str]]], *, has_json: bool) -> Answer:
        """Record the heartbeat that a query describes, and answer it.

        Args:
            service: the name in the path.
            query: each parameter with all its values.
            has_json: whether the request has a JSON body, which a ping must not have.
        """

        def decode() -> NewHeartbeat:
            if has_json:
                raise ValidationFailed("This address takes a query instead of a body; send JSON to POST /heartbeat.")
            heartbeat: NewHeartbeat = loaded(SCHEMA, {"service": service, **loaded(PING, given_once(query))})
            return heartbeat

        return self._take(decode)

    def _take(self, decode: Callable[[], NewHeartbeat]) -> Answer:
        try:
            heartbeat = self._decoded(decode)
            self._recorder.record(HEARTBEATS, heartbeat)
        except AnalyticsError as error:
            return refusal(error)
        return json_answer({"message": "heartbeat recorded", "service": heartbeat.service, "status": heartbeat.status})

    def _decoded(self, decode: Callable[[], NewHeartbeat]) -> NewHeartbeat:
        try:
            return decode()
        except AnalyticsError as error:
            self._recorder.reject(HEARTBEATS, [error.code])
            raise
