"""/heartbeat: services say how they are."""

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.bodies import BodyReader
from analytics.errors import AnalyticsError, UnsupportedMedia
from analytics.ingest.recorder import Recorder
from analytics.records import NewHeartbeat
from analytics.schemas.compiled import load
from analytics.schemas.heartbeat import HeartbeatSchema

SCHEMA = HeartbeatSchema()


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
            recorder.reject("heartbeats", [error.code])
            raise
        recorder.heartbeat(heartbeat)
        return answer({"message": "heartbeat recorded", "service": heartbeat.service, "status": heartbeat.status})

    return blueprint
