"""The blueprints of what asks about log lines and spans."""

from flask import Blueprint

from analytics.api.late import late_blueprint
from analytics.clock import Clock
from analytics.query.records.source import RecordSource

TRACES = "GET /traces, GET /traces/<trace_id>, GET /services/graph"
JAEGER = (
    "GET /api/services, GET /api/services/<name:service>/operations, GET /api/operations, GET /api/traces, "
    "GET /api/traces/<trace_id>, GET /api/dependencies"
)


def record_blueprints(source: RecordSource, clock: Clock) -> list[Blueprint]:
    """The blueprints of /traces, /services/graph and Jaeger's API."""

    def make_traces() -> Blueprint:
        from analytics.api.record_questions import RequestedRecords
        from analytics.api.traces import traces_blueprint

        return traces_blueprint(RequestedRecords(source), clock)

    def make_jaeger() -> Blueprint:
        from analytics.api.jaeger import jaeger_blueprint
        from analytics.api.record_questions import RequestedRecords

        return jaeger_blueprint(RequestedRecords(source), clock)

    return [late_blueprint("traces", TRACES, make_traces), late_blueprint("jaeger", JAEGER, make_jaeger)]
