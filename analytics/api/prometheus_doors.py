"""/api/v1/write, /api/v1/import/prometheus and /metrics/job: Prometheus' protocols for sending samples."""

from flask import Blueprint, Response, request

from analytics.api.answers import respond
from analytics.doors.prometheus.doors import PrometheusDoors


def prometheus_doors_blueprint(doors: PrometheusDoors) -> Blueprint:
    """Blueprint of remote write, imports of text, and pushes."""
    blueprint = Blueprint("prometheus_doors", __name__)
    methods = ["PUT", "POST", "DELETE"]

    @blueprint.post("/api/v1/write")
    def remote_write() -> Response:
        return respond(doors.write(request.environ))

    @blueprint.post("/api/v1/import/prometheus")
    def import_text() -> Response:
        return respond(doors.imports(request.environ))

    @blueprint.route("/metrics/job/<path:group>", methods=methods)
    def push_group(group: str) -> Response:
        return respond(doors.pushes(request.environ, group))

    @blueprint.route("/metrics/job@base64/<path:group>", methods=methods)
    def push_encoded_group(group: str) -> Response:
        return respond(doors.pushes(request.environ, group, is_base64=True))

    return blueprint
