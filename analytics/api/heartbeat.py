"""/heartbeat: services say how they are."""

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.bodies import BodyReader
from analytics.api.params import arguments
from analytics.errors import AnalyticsError, UnsupportedMedia, ValidationFailed
from analytics.kinds import HEARTBEATS
from analytics.log.recorder import Recorder
from analytics.records import NewHeartbeat
from analytics.schemas.compiled import load, loaded
from analytics.schemas.heartbeat import HeartbeatSchema
from analytics.schemas.queries import PingQuery

SCHEMA = HeartbeatSchema()
PING = PingQuery()


def heartbeat_blueprint(recorder: Recorder, bodies: BodyReader) -> Blueprint:
    """The blueprint of /heartbeat."""
    blueprint = Blueprint("heartbeat", __name__)

    @blueprint.post("/heartbeat")
    def beat() -> Response:
        try:
            body = bodies.read(request.environ)
            if body.is_lines:
                raise UnsupportedMedia("A heartbeat is one JSON object; send application/json.")
            heartbeat: NewHeartbeat = load(SCHEMA, body.data)
        except AnalyticsError as error:
            recorder.reject(HEARTBEATS, [error.code])
            raise
        return _record(heartbeat)

    @blueprint.route("/heartbeat/<name:service>", methods=["GET", "POST"])
    def ping(service: str) -> Response:
        try:
            if request.is_json and request.content_length:
                raise ValidationFailed("This address takes a query instead of a body; send JSON to POST /heartbeat.")
            heartbeat: NewHeartbeat = loaded(SCHEMA, {"service": service, **arguments(PING)})
        except AnalyticsError as error:
            recorder.reject(HEARTBEATS, [error.code])
            raise
        response = _record(heartbeat)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _record(heartbeat: NewHeartbeat) -> Response:
        recorder.record(HEARTBEATS, heartbeat)
        return answer({"message": "heartbeat recorded", "service": heartbeat.service, "status": heartbeat.status})

    return blueprint
