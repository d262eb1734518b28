"""Schemas of Loki's API: parameters and answers.

Source: grafana.com/docs/loki/latest/reference/loki-http-api
"""

from marshmallow import Schema, fields

from analytics.schemas.answers import AnswerSchema, choice, text, whole

LABELS = {"service_name": "checkout", "level": "error"}


def _time(about: str) -> fields.String:
    return fields.String(
        metadata={"description": f"{about}: nanoseconds or seconds since the epoch, or RFC 3339", "minLength": 1}
    )


def _duration(about: str) -> fields.String:
    return fields.String(metadata={"description": f"{about}: such as `5m`, or seconds", "minLength": 1})


def _query(about: str, *, required: bool = True) -> fields.String:
    return fields.String(required=required, metadata={"description": about, "minLength": 1})


def _limit() -> fields.String:
    return fields.String(metadata={"description": "Most lines or series; 100 if not given", "pattern": "^[0-9]{1,9}$"})


class LokiRange(Schema):
    """A range of time."""

    start = _time("Start; default: an hour before the end")
    end = _time("End; default: now")
    since = _duration("How long before the end it starts, if `start` is not given")


class LokiInstantQuery(Schema):
    """Parameters of a query at a time."""

    query = _query("A metric query in LogQL")
    time = _time("When; default: now")
    limit = _limit()


class LokiRangeQuery(LokiRange):
    """Parameters of a query over a range."""

    query = _query("LogQL")
    limit = _limit()
    step = _duration("Between two values of a metric query")
    interval = _duration("Least time between two lines of a stream")
    direction = fields.String(metadata={"description": "Newest or oldest first", "enum": ["backward", "forward"]})


class LokiLabelQuery(LokiRange):
    """Parameters of a question for labels."""

    query = _query("A selector of streams; default: all", required=False)


class LokiSeriesQuery(LokiRange):
    """Parameters of a question for streams."""

    match = fields.List(
        fields.String(),
        data_key="match[]",
        required=True,
        metadata={"description": "Selectors, any of which a stream fulfils"},
    )


class LokiStatsQuery(LokiRange):
    """Parameters of a question for the size of streams."""

    query = _query("A selector of streams")


class LokiVolumeQuery(LokiStatsQuery):
    """Parameters of a question for volumes."""

    limit = _limit()
    step = _duration("Between two values")
    targetLabels = fields.String(  # noqa: N815  # a name of Loki
        metadata={"description": "Comma-separated labels to sum by; default: those of the selector"}
    )
    aggregateBy = fields.String(  # noqa: N815  # a name of Loki
        metadata={"description": "Sum by series, or by names of labels", "enum": ["series", "labels"]}
    )


class LokiLabelPath(Schema):
    """Path parameter of a question for the values of a label."""

    name = fields.String(required=True, metadata={"description": "Name of the label", "example": "service_name"})


class LokiSummary(AnswerSchema):
    """What a query read."""

    totalLinesProcessed = whole("Lines that were read one by one", 10)  # noqa: N815
    totalBytesProcessed = whole("Their characters", 250)  # noqa: N815
    totalEntriesReturned = whole("Streams or series of the answer", 1)  # noqa: N815


class LokiStatistics(AnswerSchema):
    """Statistics of a query."""

    summary = fields.Nested(LokiSummary)


class LokiResult(AnswerSchema):
    """Result of a query."""

    resultType = choice("Its type", ("streams", "matrix", "vector", "scalar"))  # noqa: N815
    result = fields.List(
        fields.Raw(),
        metadata={
            "description": "Streams with `stream` and `values` (nanoseconds and line, both text); series with `metric` "
            "and `value` or `values` (seconds and text)",
            "example": [{"stream": LABELS, "values": [["1705314615250000000", "payment failed"]]}],
        },
    )
    stats = fields.Nested(LokiStatistics)
    encodingFlags = fields.List(  # noqa: N815
        fields.String(),
        metadata={"description": "How lines are encoded", "example": ["categorize-labels"], "optional": True},
    )


class LokiAnswer(AnswerSchema):
    """Answer of a query."""

    status = choice("Outcome", ("success",))
    data = fields.Nested(LokiResult)


class LokiTexts(AnswerSchema):
    """Names or values of labels."""

    status = choice("Outcome", ("success",))
    data = fields.List(fields.String(), metadata={"description": "In order", "example": ["level", "service_name"]})


class LokiSeries(AnswerSchema):
    """Labels of streams."""

    status = choice("Outcome", ("success",))
    data = fields.List(
        fields.Dict(values=fields.String()), metadata={"description": "Labels of each", "example": [LABELS]}
    )


class DetectedLabel(AnswerSchema):
    """A label of streams."""

    label = text("Its name", "service_name")
    cardinality = whole("How many values it has", 3)


class LokiDetectedLabels(AnswerSchema):
    """Labels of streams with the number of their values."""

    detectedLabels = fields.List(fields.Nested(DetectedLabel))  # noqa: N815  # a name of Loki


class LokiStats(AnswerSchema):
    """Size of streams."""

    streams = whole("Streams", 2)
    chunks = whole("The same number", 2)
    bytes = whole("Characters of their lines", 25_000)
    entries = whole("Their lines", 1_000)


class LokiBuildInfo(AnswerSchema):
    """Version of Loki whose API is spoken."""

    version = text("The version", "3.0.0")
    revision = text("Version of this service", "analytics-0.1.0")
    branch = text("Empty", "")
    buildUser = text("Empty", "")  # noqa: N815
    buildDate = text("Empty", "")  # noqa: N815
    goVersion = text("Empty", "")  # noqa: N815
