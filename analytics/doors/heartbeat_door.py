"""Door for heartbeats: a JSON object in the body, or a ping (the service in the path, the rest in the query)."""

from collections.abc import Callable, Iterable
from wsgiref.types import WSGIEnvironment

from analytics.answer import Answer, json_answer, refusal
from analytics.doors.body import BodyReader
from analytics.doors.limits import BodyLimits
from analytics.doors.media import ONE_RECORD
from analytics.errors import AnalyticsError, ValidationFailed
from analytics.identity import Identity, identity_of
from analytics.kinds import HEARTBEATS
from analytics.log.recorder import Recorder
from analytics.privacy.redactor import Redactor
from analytics.records import NewHeartbeat
from analytics.schemas.compiled import load, loaded
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.queries import PingQuery, given_once

HEARTBEAT_SCHEMA = HeartbeatSchema()
PING_QUERY = PingQuery()


class HeartbeatDoor:
    """Records one heartbeat per request."""

    def __init__(self, recorder: Recorder, redactor: Redactor, limits: BodyLimits) -> None:
        self._recorder, self._redactor, self._bodies = recorder, redactor, BodyReader(limits, ONE_RECORD)

    def __call__(self, environ: WSGIEnvironment) -> Answer:
        """Record the heartbeat in the body of a request."""

        def decode() -> NewHeartbeat:
            heartbeat: NewHeartbeat = load(HEARTBEAT_SCHEMA, self._bodies.read(environ).data)
            return heartbeat

        return self._take(decode, identity_of(environ))

    def ping(
        self, service: str, query: Iterable[tuple[str, list[str]]], identity: Identity, *, has_json: bool
    ) -> Answer:
        """Record the heartbeat in a query string.

        Args:
            service: name of the service, from the path.
            query: parameters, each with all its values.
            identity: who sent it.
            has_json: whether the request has a JSON body, which is an error for a ping.
        """

        def decode() -> NewHeartbeat:
            if has_json:
                raise ValidationFailed("This path takes a query string, not a body; send JSON to POST /heartbeat.")
            heartbeat: NewHeartbeat = loaded(
                HEARTBEAT_SCHEMA, {"service": service, **loaded(PING_QUERY, given_once(query))}
            )
            return heartbeat

        return self._take(decode, identity)

    def _take(self, decode: Callable[[], NewHeartbeat], identity: Identity) -> Answer:
        try:
            heartbeat = self._allowed(decode, identity)
            self._recorder.record(HEARTBEATS, heartbeat)
        except AnalyticsError as error:
            return refusal(error)
        return json_answer({"message": "heartbeat recorded", "service": heartbeat.service, "status": heartbeat.status})

    def _allowed(self, decode: Callable[[], NewHeartbeat], identity: Identity) -> NewHeartbeat:
        try:
            identity.admit(1)
            heartbeat = decode()
            error = identity.why_not(heartbeat)
            if error is None and identity.names is not None:
                error = identity.names.take(self._recorder.new_names(HEARTBEATS, heartbeat))
            if error is not None:
                raise error
            return self._redactor.heartbeat(heartbeat)
        except AnalyticsError as error:
            self._recorder.reject(HEARTBEATS, [error.code])
            raise
