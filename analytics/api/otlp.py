"""/v1/metrics: metrics of OpenTelemetry."""

from flask import Blueprint, Response, request

from analytics.api.answers import respond
from analytics.doors.door import Door


def otlp_blueprint(metrics: Door) -> Blueprint:
    """Blueprint of OTLP over HTTP; `metrics` records metrics."""
    blueprint = Blueprint("otlp", __name__)

    @blueprint.post("/v1/metrics")
    def export_metrics() -> Response:
        return respond(metrics(request.environ))

    return blueprint
