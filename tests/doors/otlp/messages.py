"""Requests of OTLP metrics for tests, as JSON objects, and the points that they become."""

from typing import Any

import msgspec
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from analytics.doors.otlp.door import parse
from analytics.doors.otlp.points import decode_points
from analytics.points import NewPoint
from analytics.schemas.compiled import DecodedBatch

CUMULATIVE, DELTA = 2, 1
JSON, PROTOBUF = "application/json", "application/x-protobuf"
NOW = "1700000060000000000"
BEGIN = "1700000000000000000"


def request(*metrics: dict[str, Any], **resource: Any) -> dict[str, Any]:
    """A request with metrics of one resource, whose attributes have underscores in place of dots here."""
    attributes = [attribute(name.replace("_", "."), value) for name, value in resource.items()]
    return {"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [{"metrics": list(metrics)}]}]}


def attribute(name: str, value: Any) -> dict[str, Any]:
    return {"key": name, "value": value if isinstance(value, dict) else {"stringValue": value}}


def point(attributes: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A data point of `NOW`, counted since `BEGIN`."""
    made = [attribute(name, value) for name, value in (attributes or {}).items()]
    return {"timeUnixNano": NOW, "startTimeUnixNano": BEGIN, "attributes": made, **fields}


def gauge(name: str, *points: dict[str, Any], unit: str = "") -> dict[str, Any]:
    return {"name": name, "unit": unit, "gauge": {"dataPoints": list(points)}}


def total(name: str, *points: dict[str, Any], unit: str = "", monotonic: bool = True, temporality: int = 2) -> Any:
    data = {"dataPoints": list(points), "isMonotonic": monotonic, "aggregationTemporality": temporality}
    return {"name": name, "unit": unit, "sum": data}


def distribution(kind: str, name: str, *points: dict[str, Any], unit: str = "", temporality: int = 2) -> Any:
    """A `histogram` or `exponentialHistogram`."""
    return {"name": name, "unit": unit, kind: {"dataPoints": list(points), "aggregationTemporality": temporality}}


def body(message: dict[str, Any], media_type: str = JSON) -> bytes:
    """A request in JSON or protobuf."""
    if media_type == JSON:
        return msgspec.json.encode(message)
    return json_format.ParseDict(message, ExportMetricsServiceRequest()).SerializeToString()


def decoded(message: dict[str, Any]) -> DecodedBatch[NewPoint]:
    """The points of a request, which are the same in both forms."""
    batches = [decode_points(parse(body(message, form), form), lambda count: None) for form in (JSON, PROTOBUF)]
    assert batches[0] == batches[1]
    return batches[0]
