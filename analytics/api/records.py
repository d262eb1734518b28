"""The blueprints of what asks about log lines and spans."""

from flask import Blueprint

from analytics.api.jaeger import jaeger_blueprint
from analytics.api.record_questions import RequestedRecords
from analytics.api.traces import traces_blueprint
from analytics.clock import Clock
from analytics.query.records.source import RecordSource


def record_blueprints(source: RecordSource, clock: Clock) -> list[Blueprint]:
    """The blueprints of /traces, /services/graph and Jaeger's API."""
    requested = RequestedRecords(source)
    return [traces_blueprint(requested, clock), jaeger_blueprint(requested, clock)]
