"""The blueprints of the doors for numbers."""

from collections.abc import Iterator

from flask import Blueprint

from analytics.api.influx import influx_blueprint
from analytics.api.otlp import otlp_blueprint
from analytics.api.prometheus_doors import prometheus_doors_blueprint
from analytics.doors.number_doors import NumberDoors


def number_blueprints(doors: NumberDoors) -> Iterator[Blueprint]:
    """The blueprints of Prometheus', InfluxDB's and OpenTelemetry's protocols for metrics."""
    yield prometheus_doors_blueprint(doors.prometheus)
    yield influx_blueprint(doors.influx)
    yield otlp_blueprint(doors.otlp_metrics)
