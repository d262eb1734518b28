"""/write, /api/v2/write, /api/v3/write_lp: InfluxDB's line protocol; /ping: what its clients ask first."""

from flask import Blueprint, Response, request

from analytics.api.answers import respond
from analytics.doors.influx.doors import InfluxDoors

INFLUX_VERSION = "1.8.10"
"""The version of InfluxDB whose clients need no more than is served here; some of them parse it."""


def influx_blueprint(doors: InfluxDoors) -> Blueprint:
    """Blueprint of the writes of InfluxDB's versions."""
    blueprint = Blueprint("influx", __name__)

    def write() -> Response:
        return respond(doors.by_path[request.path](request.environ))

    for path in doors.by_path:
        blueprint.add_url_rule(path, path.replace("/", "_"), write, methods=["POST"])

    @blueprint.get("/ping")
    def ping() -> Response:
        return Response(status=204, headers={"X-Influxdb-Version": INFLUX_VERSION, "X-Influxdb-Build": "OSS"})

    return blueprint
