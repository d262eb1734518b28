"""The routes of the doors for numbers: Prometheus' protocols, InfluxDB's line protocol, and OpenTelemetry's metrics."""

from flask import Blueprint, Response, request

from analytics.api.answers import respond
from analytics.doors.number_doors import NumberDoors

INFLUX_VERSION = "1.8.10"
"""The version of InfluxDB whose clients need no more than is served here; some of them parse it."""
PUSH_METHODS = ["PUT", "POST", "DELETE"]


def number_doors_blueprint(doors: NumberDoors) -> Blueprint:
    """Blueprint of everything that sends numbers, and of /ping, which clients of InfluxDB ask first."""
    blueprint = Blueprint("number_doors", __name__)
    by_path = doors.by_path

    def record() -> Response:
        return respond(by_path[request.path](request.environ))

    for path in by_path:
        blueprint.add_url_rule(path, path.replace("/", "_"), record, methods=["POST"])

    @blueprint.route("/metrics/job/<path:group>", methods=PUSH_METHODS)
    def push_group(group: str) -> Response:
        return respond(doors.prometheus().pushes(request.environ, group))

    @blueprint.route("/metrics/job@base64/<path:group>", methods=PUSH_METHODS)
    def push_encoded_group(group: str) -> Response:
        return respond(doors.prometheus().pushes(request.environ, group, is_base64=True))

    @blueprint.get("/ping")
    def ping() -> Response:
        return Response(status=204, headers={"X-Influxdb-Version": INFLUX_VERSION, "X-Influxdb-Build": "OSS"})

    return blueprint
