"""/heartbeat: records heartbeats of services."""

from flask import Blueprint, Response, request

from analytics.api.answers import respond
from analytics.doors.heartbeat_door import HeartbeatDoor
from analytics.identity import identity_of


def heartbeat_blueprint(door: HeartbeatDoor) -> Blueprint:
    """Blueprint of /heartbeat; `door` records heartbeats."""
    blueprint = Blueprint("heartbeat", __name__)

    @blueprint.post("/heartbeat")
    def beat() -> Response:
        return respond(door(request.environ))

    @blueprint.route("/heartbeat/<name:service>", methods=["GET", "POST"])
    def ping(service: str) -> Response:
        has_json = request.is_json and bool(request.content_length)
        response = respond(door.ping(service, request.args.lists(), identity_of(request.environ), has_json=has_json))
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint
