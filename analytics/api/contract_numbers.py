"""Contract of InfluxDB's and OpenTelemetry's protocols for metrics."""

from typing import Any

from marshmallow import Schema, fields, validate

from analytics.api.codes import Codes
from analytics.api.openapi_bodies import READABLE_ENCODINGS
from analytics.api.operation import ForeignBody, Operation
from analytics.doors.influx.precision import VERSION_1, VERSION_2, VERSION_3
from analytics.doors.media import JSON_TYPE
from analytics.error_answers.otlp import PROTOBUF
from analytics.schemas.foreign_errors import InfluxError1, InfluxError2, InfluxError3, MetricsTaken, RpcStatus

ABOUT_ENCODINGS = f"`Content-Encoding` may be {READABLE_ENCODINGS}."
LINE = "cpu,service=shop,host=web-1 usage=64.2,cores=4i\n"
METRIC: dict[str, Any] = {
    "resourceMetrics": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeMetrics": [{"metrics": [{"name": "queue.length", "gauge": {"dataPoints": [{"asInt": "7"}]}}]}],
        }
    ]
}
READING: Codes = {
    400: (*("malformed_gzip", "malformed_deflate", "malformed_zstd", "malformed_chunks", "incomplete_body"),),
    405: ("method_not_allowed",),
    408: ("body_timeout",),
    413: ("body_too_large", "batch_too_large"),
    415: ("unsupported_media_type",),
    503: ("unavailable",),
}
WRITES: Codes = {**READING, 400: (*READING[400], "malformed_line", "bad_parameter", "empty_body")}


class Precision1(Schema):
    """Parameters of version 1."""

    precision = fields.String(
        validate=validate.OneOf(sorted(filter(None, VERSION_1))),
        metadata={"description": "Unit of the timestamps; default: nanoseconds"},
    )
    db = fields.String(metadata={"description": "Ignored"})


class Precision2(Schema):
    """Parameters of version 2."""

    precision = fields.String(
        validate=validate.OneOf(sorted(filter(None, VERSION_2))),
        metadata={"description": "Unit of the timestamps; default: nanoseconds"},
    )
    bucket = fields.String(metadata={"description": "Ignored"})
    org = fields.String(metadata={"description": "Ignored"})


class Precision3(Schema):
    """Parameters of version 3."""

    precision = fields.String(
        validate=validate.OneOf(sorted(filter(None, VERSION_3))),
        metadata={"description": "Unit of the timestamps; default: judged by their size"},
    )
    accept_partial = fields.String(
        validate=validate.OneOf(("true", "false")),
        metadata={"description": "Whether valid lines are written where another one is malformed; default: true"},
    )
    db = fields.String(metadata={"description": "Ignored"})


def _write(path: str, version: int, query: type[Schema], error: type[Schema], extra: Codes) -> Operation:
    return Operation(
        "post",
        path,
        "InfluxDB",
        f"Write line protocol, as to InfluxDB {version}",
        "Each number or boolean is a gauge `measurement_field`, tags are labels, strings are skipped. Malformed lines "
        "do not hold up the others: the answer has their number and the reasons.",
        {204: ()},
        {**WRITES, **extra},
        query=query,
        body=ForeignBody({"text/plain": LINE}, f"Lines. {ABOUT_ENCODINGS}"),
        problem=error,
    )


NUMBER_OPERATIONS = (
    _write("/write", 1, Precision1, InfluxError1, {}),
    _write(
        "/api/v2/write", 2, Precision2, InfluxError2, {422: ("too_many_series", "timestamp_too_old", "invalid_labels")}
    ),
    _write("/api/v3/write_lp", 3, Precision3, InfluxError3, {}),
    Operation(
        "get",
        "/ping",
        "InfluxDB",
        "Check the server, as InfluxDB",
        "What clients of InfluxDB ask first.",
        {204: ()},
        {405: ("method_not_allowed",), 503: ("unavailable",)},
        problem=InfluxError1,
    ),
    Operation(
        "post",
        "/v1/metrics",
        "OpenTelemetry",
        "Receive OTLP metrics",
        "Names and labels are translated as Prometheus does. The answer has the content type of the request; rejected "
        "data points are in its partial success. Also at port 4318.",
        {200: (MetricsTaken, PROTOBUF)},
        {**READING, 400: (*READING[400], "malformed_protobuf", "malformed_json", "too_many_values", "malformed_point")},
        body=ForeignBody(
            {JSON_TYPE: METRIC, PROTOBUF: None},
            f"An `ExportMetricsServiceRequest`. {ABOUT_ENCODINGS}",
        ),
        errors=PROTOBUF,
        problem=RpcStatus,
    ),
)
