"""Schemas of the error answers of other protocols."""

from marshmallow import fields

from analytics.schemas.answers import AnswerSchema, text, whole


class InfluxError1(AnswerSchema):
    """Error of version 1 of InfluxDB's API."""

    error = text("Explanation for people", "partial write: unable to parse 'bad' in line 2: missing fields dropped=1")


class InfluxError2(AnswerSchema):
    """Error of version 2 of InfluxDB's API."""

    code = text("Code of InfluxDB", "invalid")
    message = text("Explanation for people", "partial write: unable to parse 'bad' in line 2: missing fields dropped=1")


class InfluxLine(AnswerSchema):
    """A line that was rejected."""

    original_line = text("The first characters of its measurement and tags", "bad")
    line_number = whole("Number of the line, from 1", 2)
    error_message = text("Explanation for people", "unable to parse 'bad' in line 2: missing fields")


class InfluxError3(AnswerSchema):
    """Error of version 3 of InfluxDB's API."""

    error = text("Explanation for people", "partial write of line protocol occurred")
    data = fields.List(
        fields.Nested(InfluxLine), allow_none=True, metadata={"description": "The first 100 rejected lines"}
    )


class RpcStatus(AnswerSchema):
    """google.rpc.Status in JSON."""

    code = whole("Code of gRPC", 3)
    message = text("Explanation for people", "metric 'queue': nan is not a finite number")


class PartialSuccess(AnswerSchema):
    """Data points that were rejected."""

    rejectedDataPoints = text("How many, as text", "2")  # noqa: N815  # a name of OTLP
    errorMessage = text("The first reasons", "metric 'queue': nan is not a finite number")  # noqa: N815


class SpansPartialSuccess(AnswerSchema):
    """Spans that were rejected."""

    rejectedSpans = text("How many, as text", "2")  # noqa: N815
    errorMessage = text("The first reasons", "span 'GET /': its trace id is not 16 bytes other than zeros")  # noqa: N815


class LogsPartialSuccess(AnswerSchema):
    """Log records that were rejected."""

    rejectedLogRecords = text("How many, as text", "2")  # noqa: N815
    errorMessage = text("The first reasons", "log record 3: an attribute is malformed, or its text is not UTF-8")  # noqa: N815


class SpansTaken(AnswerSchema):
    """ExportTraceServiceResponse; without `partialSuccess` everything was recorded."""

    partialSuccess = fields.Nested(SpansPartialSuccess, metadata={"optional": True})  # noqa: N815


class LogsTaken(AnswerSchema):
    """ExportLogsServiceResponse; without `partialSuccess` everything was recorded."""

    partialSuccess = fields.Nested(LogsPartialSuccess, metadata={"optional": True})  # noqa: N815


class MetricsTaken(AnswerSchema):
    """ExportMetricsServiceResponse; without `partialSuccess` everything was recorded."""

    partialSuccess = fields.Nested(PartialSuccess, metadata={"optional": True})  # noqa: N815
