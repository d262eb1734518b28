"""Schemas of Jaeger's query API."""

from marshmallow import Schema, fields

from analytics.schemas.answers import AnswerSchema, text, whole
from analytics.schemas.traces import TRACE_ID


class JaegerProblem(AnswerSchema):
    """A reason why a request was not carried out."""

    code = whole("Status of the answer", 404)
    msg = text("Explanation for people", "trace not found")


class JaegerAnswer(AnswerSchema):
    """Answer of Jaeger's API."""

    data = fields.List(
        fields.Raw(), allow_none=True, metadata={"description": "What was asked for", "example": ["checkout"]}
    )
    total = whole("Number of items", 1)
    limit = whole("Always 0", 0)
    offset = whole("Always 0", 0)
    errors = fields.List(fields.Nested(JaegerProblem), allow_none=True, metadata={"description": "What failed"})


def _text(about: str, **more: str) -> fields.String:
    return fields.String(metadata={"description": about, **more})


class JaegerTracesQuery(Schema):
    """Search for traces; unknown parameters are ignored."""

    service = _text("Service of a span")
    operation = _text("Name of a span")
    tags = _text("JSON object of attributes that the span has; `error` with `true` for a failed one")
    start = _text("Start of the range in microseconds since the epoch; default: a day before `end`")
    end = _text("End of the range in microseconds since the epoch; default: now")
    minDuration = _text("Least duration of the span, such as `200ms`")  # noqa: N815  # a name of Jaeger
    maxDuration = _text("Greatest duration of the span")  # noqa: N815  # a name of Jaeger
    limit = _text("Maximum number of traces; default: 20")
    traceID = _text("A trace; may be repeated", example=TRACE_ID)  # noqa: N815  # a name of Jaeger


class JaegerOperationsQuery(Schema):
    """Parameters of a question for names of spans."""

    service = _text("Service of the spans")
    spanKind = _text("Their kind")  # noqa: N815  # a name of Jaeger


class JaegerDependenciesQuery(Schema):
    """Range of a question for calls."""

    endTs = _text("End in milliseconds since the epoch; default: now")  # noqa: N815  # a name of Jaeger
    lookback = _text("Length in milliseconds; default: a day")
