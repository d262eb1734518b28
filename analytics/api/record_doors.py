"""The routes of the doors for log lines and spans: OpenTelemetry's, Loki's, and those of this service."""

from flask import Blueprint, Response, request

from analytics.api.answers import respond
from analytics.doors.record_doors import RecordDoors


def record_doors_blueprint(doors: RecordDoors) -> Blueprint:
    """Blueprint of everything that sends log lines and spans."""
    blueprint = Blueprint("record_doors", __name__)

    def record() -> Response:
        return respond(doors.by_path[request.path](request.environ))

    for path in doors.by_path:
        blueprint.add_url_rule(path, path.replace("/", "_"), record, methods=["POST"])
    return blueprint
