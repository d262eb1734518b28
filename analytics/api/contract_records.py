"""Contract of what takes log lines and spans in."""

from typing import Any

from analytics.answer import PLAIN_TEXT
from analytics.api.codes import BATCH_CODES, BODY_CODES, TIME_CODES, Codes
from analytics.api.contract_numbers import ABOUT_ENCODINGS, READING
from analytics.api.operation import ForeignBody, Operation, RequestBody
from analytics.doors.media import JSON_TYPE, WITH_SNAPPY
from analytics.error_answers.otlp import PROTOBUF
from analytics.schemas import responses
from analytics.schemas.foreign_errors import LogsTaken, RpcStatus, SpansTaken
from analytics.schemas.log_line import LogLineSchema
from analytics.schemas.span import SpanSchema

LINE: dict[str, Any] = {
    "service": "checkout",
    "message": "payment failed",
    "level": "error",
    "trace_id": "5b8efff798038103d269b633813fc60c",
    "attributes": {"order": 7},
}
SPAN: dict[str, Any] = {
    "trace_id": "5b8efff798038103d269b633813fc60c",
    "span_id": "eee19b7ec3c1b174",
    "service": "checkout",
    "name": "POST /pay",
    "start": "2024-01-15T10:30:00Z",
    "duration_ms": 45.2,
    "kind": "server",
    "status": "ok",
}
RESOURCE: dict[str, Any] = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
TRACES: dict[str, Any] = {
    "resourceSpans": [
        {
            "resource": RESOURCE,
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "5b8efff798038103d269b633813fc60c",
                            "spanId": "eee19b7ec3c1b174",
                            "name": "POST /pay",
                            "kind": 2,
                            "startTimeUnixNano": "1705314600000000000",
                            "endTimeUnixNano": "1705314600045200000",
                        }
                    ]
                }
            ],
        }
    ]
}
LOGS: dict[str, Any] = {
    "resourceLogs": [
        {
            "resource": RESOURCE,
            "scopeLogs": [{"logRecords": [{"severityNumber": 17, "body": {"stringValue": "payment failed"}}]}],
        }
    ]
}
PUSH: dict[str, Any] = {
    "streams": [{"stream": {"app": "shop", "level": "error"}, "values": [["1705314600000000000", "payment failed"]]}]
}
PUSHED: Codes = {
    400: (
        *READING[400],
        "malformed_snappy",
        "malformed_protobuf",
        "malformed_json",
        "too_many_values",
        "malformed_stream",
        *TIME_CODES,
    ),
    405: ("method_not_allowed",),
    408: ("body_timeout",),
    413: ("body_too_large", "batch_too_large"),
    415: ("unsupported_media_type",),
    429: ("logs_rate",),
    503: ("unavailable",),
}


def _otlp(path: str, what: str, example: dict[str, Any], taken: type, code: str, rate: str) -> Operation:
    return Operation(
        "post",
        path,
        "OpenTelemetry",
        f"Receive OTLP {what}",
        "The answer has the content type of the request; its partial success has what was rejected. Also at port 4318.",
        {200: (taken, PROTOBUF)},
        {
            **READING,
            400: (
                *(*READING[400], "malformed_protobuf", "malformed_json", "too_many_values"),
                *(code, *TIME_CODES, "too_many_services"),
            ),
            429: (rate,),
        },
        body=ForeignBody({JSON_TYPE: example, PROTOBUF: None}, f"An export of {what}. {ABOUT_ENCODINGS}"),
        errors=PROTOBUF,
        problem=RpcStatus,
    )


RECORD_OPERATIONS = (
    Operation(
        "post",
        "/logs",
        "Logs and traces",
        "Record log lines",
        "Records one line, or a batch of lines. A level, and the id of a trace, that stand only in the text or in the "
        "attributes are found there.",
        {201: (responses.RecordTaken,), 200: (responses.Receipt, responses.RecordTaken)},
        {**BATCH_CODES, 422: (*BODY_CODES[422], *TIME_CODES), 429: ("logs_rate",)},
        body=RequestBody(LogLineSchema, LINE, "logs"),
    ),
    Operation(
        "post",
        "/spans",
        "Logs and traces",
        "Record spans",
        "Records one span, or a batch of spans. `server` and `consumer` spans are requests of their service, unless it "
        "sends requests itself. A span that is sent twice is a duplicate.",
        {201: (responses.RecordTaken,), 200: (responses.Receipt, responses.RecordTaken)},
        {**BATCH_CODES, 422: (*BODY_CODES[422], *TIME_CODES), 429: ("spans_rate",)},
        body=RequestBody(SpanSchema, SPAN, "spans"),
    ),
    _otlp("/v1/traces", "traces", TRACES, SpansTaken, "malformed_span", "spans_rate"),
    _otlp("/v1/logs", "logs", LOGS, LogsTaken, "malformed_log_record", "logs_rate"),
    Operation(
        "post",
        "/loki/api/v1/push",
        "Loki",
        "Receive pushes of Loki's clients",
        "Labels of a stream come back as they were sent; structured metadata are attributes. The service is the first "
        "of the labels `service_name`, `service`, `app`, … and `job`. 400 names the reasons for which lines were "
        "rejected; all others were recorded.",
        {204: ()},
        PUSHED,
        body=ForeignBody(
            {JSON_TYPE: PUSH, PROTOBUF: None},
            "Streams in JSON, or in protobuf as a block of Snappy. "
            f"`Content-Encoding` may be {', '.join(WITH_SNAPPY)}.",
        ),
        errors=PLAIN_TEXT,
    ),
)
