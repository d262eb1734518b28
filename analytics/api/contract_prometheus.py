"""Contract of Prometheus' protocols."""

from marshmallow import Schema, fields

from analytics.answer import PLAIN_TEXT
from analytics.api.codes import Codes
from analytics.api.operation import ForeignBody, Operation
from analytics.doors.media import WITH_SNAPPY
from analytics.doors.prometheus.remote_write_door import MEDIA_TYPE
from analytics.schemas.imports import LineReceipt, NothingImported

TEXT_TYPE, OPENMETRICS = "text/plain", "application/openmetrics-text"
WITH_ENCODINGS = f"`Content-Encoding` may be {', '.join(WITH_SNAPPY)}."
SAMPLE_LINES = '# TYPE orders_total counter\norders_total{job="shop"} 42\n'
SAMPLE_PROBLEMS: Codes = {
    400: (
        *("malformed_snappy", "malformed_gzip", "malformed_deflate", "malformed_zstd"),
        *("malformed_chunks", "incomplete_body"),
    ),
    405: ("method_not_allowed",),
    408: ("body_timeout",),
    413: ("body_too_large", "batch_too_large"),
    415: ("unsupported_media_type",),
    503: ("unavailable",),
}


class ImportQuery(Schema):
    """Parameters of an import."""

    timestamp = fields.String(
        metadata={
            "description": "Time of samples without one, in milliseconds since the epoch; default: now",
            "pattern": "^-?[0-9]{1,18}$",
        },
    )
    extra_label = fields.String(
        metadata={
            "description": "`NAME=VALUE`: a label of all series, in place of their own of that name; repeatable",
            "pattern": "^[^=&]+=",
        },
    )


def _group(about: str, example: str) -> type[Schema]:
    """Path parameter of a push."""
    about = f"{about}, then `/LABEL/VALUE` for each other label; `LABEL@base64` for URL-safe Base64"
    group = fields.String(required=True, metadata={"description": about, "example": example})
    return Schema.from_dict({"group": group}, name="PushPath")


TEXT_BODY = ForeignBody({TEXT_TYPE: SAMPLE_LINES, OPENMETRICS: f"{SAMPLE_LINES}# EOF\n"}, f"Samples. {WITH_ENCODINGS}")
PUSH_PROBLEMS: Codes = {
    **SAMPLE_PROBLEMS,
    400: (*SAMPLE_PROBLEMS[400], "invalid_grouping", "malformed_line", "too_many_groups"),
    404: ("not_found",),
}
DELETE_PROBLEMS: Codes = {
    400: ("invalid_grouping",),
    404: ("not_found",),
    405: ("method_not_allowed",),
    503: ("unavailable",),
}


def _push(method: str, path: str, group: type[Schema], summary: str, about: str) -> Operation:
    return Operation(
        method,
        path,
        "Prometheus",
        summary,
        about,
        {200: (TEXT_TYPE,)},
        PUSH_PROBLEMS,
        body=TEXT_BODY,
        path_schema=group,
        errors=PLAIN_TEXT,
    )


def _pushes(path: str, group: type[Schema]) -> tuple[Operation, ...]:
    """The operations of one of the two forms of a path."""
    return (
        _push(
            "put",
            path,
            group,
            "Replace a group of pushed metrics",
            "As Prometheus' Pushgateway does. The values of a group are recorded again every minute, until it is "
            "deleted, or was not pushed for 48 hours.",
        ),
        _push(
            "post",
            path,
            group,
            "Push metrics",
            "Replaces those metrics of the group that have the names of pushed ones.",
        ),
        Operation(
            "delete",
            path,
            "Prometheus",
            "Delete a group of pushed metrics",
            "Its series end; what was recorded stays.",
            {202: (TEXT_TYPE,)},
            DELETE_PROBLEMS,
            path_schema=group,
            errors=PLAIN_TEXT,
        ),
    )


PROMETHEUS_OPERATIONS = (
    Operation(
        "post",
        "/api/v1/write",
        "Prometheus",
        "Receive remote write",
        "Prometheus' remote write 1.0. The label `service`, or else `job`, is the service. 400 names the reasons for "
        "which samples were rejected; all others were recorded.",
        {204: ()},
        {**SAMPLE_PROBLEMS, 400: (*SAMPLE_PROBLEMS[400], "malformed_protobuf")},
        body=ForeignBody({MEDIA_TYPE: None}, "A `prometheus.WriteRequest` as a block of Snappy."),
        errors=PLAIN_TEXT,
    ),
    Operation(
        "post",
        "/api/v1/import/prometheus",
        "Prometheus",
        "Import samples as text",
        "Samples in Prometheus' text format, or in OpenMetrics' if the content type says so. A malformed line costs "
        "itself alone. 204 says that everything was recorded.",
        {204: (), 200: (LineReceipt,)},
        {**SAMPLE_PROBLEMS, 422: ("validation_failed",)},
        query=ImportQuery,
        body=TEXT_BODY._replace(refused=NothingImported),
        errors=PLAIN_TEXT,
    ),
    *_pushes("/metrics/job/{group}", _group("Job", "backup/instance/db-1")),
    *_pushes("/metrics/job@base64/{group}", _group("Job in URL-safe Base64", "L2V0Yy9jcm9u/instance/db-1")),
)
