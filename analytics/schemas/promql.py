"""Schemas of Prometheus' API: parameters, answers and errors.

Source: prometheus.io/docs/prometheus/latest/querying/api
"""

from typing import Any

from marshmallow import Schema, fields

from analytics.schemas.answers import AnswerSchema, choice, number, text

RESULT_TYPES = ("vector", "matrix", "scalar", "string")
ERROR_TYPES = (
    *("bad_data", "execution", "timeout", "canceled", "unauthorized", "forbidden", "not_found", "not_acceptable"),
    *("too_many_requests", "unavailable", "internal"),
)
LABELS = {"__name__": "requests_total", "service": "shop"}


def _time(about: str, *, required: bool = False) -> fields.String:
    return fields.String(
        required=required, metadata={"description": f"{about}: seconds since the epoch, or RFC 3339", "minLength": 1}
    )


def _duration(about: str, *, required: bool = False) -> fields.String:
    return fields.String(
        required=required, metadata={"description": f"{about}: seconds, or such as `5m`", "minLength": 1}
    )


def _limit(about: str) -> fields.String:
    return fields.String(metadata={"description": f"Most {about}; 0 for all", "pattern": "^[0-9]{1,15}$"})


def _query() -> fields.String:
    return fields.String(required=True, metadata={"description": "PromQL", "minLength": 1})


class PromqlText(Schema):
    """A query alone."""

    query = _query()


class PromqlOptions(PromqlText):
    """Parameters of queries at a time and over a range."""

    timeout = _duration("How long it may take at most; the service has a limit of its own")
    limit = _limit("series")
    lookback_delta = _duration("How old a value may be")


class InstantQuery(PromqlOptions):
    """Parameters of a query at a time."""

    time = _time("When; default: now")


class RangeQuery(PromqlOptions):
    """Parameters of a query over a range."""

    start = _time("First step", required=True)
    end = _time("Last step at most", required=True)
    step = _duration("Between two steps", required=True)


class ExemplarQuery(PromqlText):
    """Parameters of a question for exemplars."""

    start = _time("Earliest; default: the beginning")
    end = _time("Latest; default: now")


def _selectors(*, required: bool) -> fields.List[Any]:
    return fields.List(
        fields.String(),
        data_key="match[]",
        required=required,
        metadata={"description": "Selectors, any of which a series fulfils" + ("" if required else "; default: all")},
    )


class LabelQuery(Schema):
    """Parameters of a question for labels."""

    match = _selectors(required=False)
    start = _time("Earliest; default: the beginning")
    end = _time("Latest; default: now")
    limit = _limit("of them")


class MatchQuery(LabelQuery):
    """Parameters of a question for series."""

    match = _selectors(required=True)


class MetadataQuery(Schema):
    """Parameters of a question for types, help texts and units."""

    metric = fields.String(metadata={"description": "Name of a metric; default: all"})
    limit = _limit("metrics")


class LabelPath(Schema):
    """Path parameter of a question for the values of a label."""

    label = fields.String(
        required=True,
        metadata={"description": "Name; one with other characters as `U__host_2e_name`", "example": "service"},
    )


def _strings(about: str, example: str) -> fields.List[Any]:
    return fields.List(fields.String(), metadata={"description": about, "example": [example], "optional": True})


class PrometheusAnswer(AnswerSchema):
    """Answer of Prometheus' API."""

    status = choice("Outcome", ("success",))
    warnings = _strings("Why the answer may be incomplete", "results truncated due to limit")


class QueryResult(AnswerSchema):
    """Result of a query."""

    resultType = choice("Its type", RESULT_TYPES)  # noqa: N815  # a name of Prometheus
    result = fields.List(
        fields.Raw(),
        metadata={
            "description": "Series with `metric` and `value` or `values` (native histograms: `histogram` or "
            "`histograms`); of a scalar or string, time and value. Values are text",
            "example": [{"metric": {"service": "shop"}, "value": [1705314615, "12.5"]}],
        },
    )


class PromqlAnswer(PrometheusAnswer):
    """Answer of a query."""

    data = fields.Nested(QueryResult)
    infos = _strings("What is inexact", "single samples are not kept: changes has one of each bucket of time")


class SeriesLabelsAnswer(PrometheusAnswer):
    """Labels of series."""

    data = fields.List(
        fields.Dict(values=fields.String()), metadata={"description": "Labels by name", "example": [LABELS]}
    )


class TextsAnswer(PrometheusAnswer):
    """Names or values of labels."""

    data = fields.List(fields.String(), metadata={"description": "In their order", "example": ["pay", "shop"]})


class MetricAbout(AnswerSchema):
    """Metadata of a metric."""

    type = text("Its type", "counter")
    help = text("Its help text", "Requests")
    unit = text("Its unit", "")


class MetadataAnswer(PrometheusAnswer):
    """Types, help texts and units."""

    data = fields.Dict(
        keys=text("Name of the metric", "requests_total"),
        values=fields.List(fields.Nested(MetricAbout)),
        metadata={"description": "By name of metric"},
    )


class ExemplarFound(AnswerSchema):
    """An exemplar."""

    labels = fields.Dict(
        values=fields.String(), metadata={"description": "Such as its trace", "example": {"trace_id": "0af7651916cd"}}
    )
    value = text("Its value", "0.37")
    timestamp = number("When, in seconds since the epoch", 1705314615.25)


class SeriesWithExemplars(AnswerSchema):
    """A series and its exemplars."""

    seriesLabels = fields.Dict(  # noqa: N815  # a name of Prometheus
        values=fields.String(), metadata={"description": "Labels of the series", "example": LABELS}
    )
    exemplars = fields.List(fields.Nested(ExemplarFound), metadata={"description": "Oldest first"})


class ExemplarsAnswer(PrometheusAnswer):
    """Exemplars by series."""

    data = fields.List(fields.Nested(SeriesWithExemplars), metadata={"description": "Only series that have some"})


def _objects(about: str) -> fields.List[Any]:
    return fields.List(fields.Dict(), metadata={"description": about, "example": []})


class RuleGroups(AnswerSchema):
    """Groups of rules."""

    groups = _objects("As Prometheus has them")


class RulesAnswer(PrometheusAnswer):
    """Groups of rules with their alerts."""

    data = fields.Nested(RuleGroups)


class PrometheusAlerts(AnswerSchema):
    """Alerts."""

    alerts = _objects("As Prometheus has them")


class AlertsAnswer(PrometheusAnswer):
    """Alerts that are pending or firing."""

    data = fields.Nested(PrometheusAlerts)


def _empty() -> Any:
    return text("Empty", "")


class BuildInfo(AnswerSchema):
    """The version, by which clients know the features."""

    version = text("Version of Prometheus whose API and PromQL are spoken", "3.0.0")
    revision = text("Version of this service", "analytics-0.3.0")
    branch, buildUser, buildDate, goVersion = _empty(), _empty(), _empty(), _empty()  # noqa: N815


class BuildInfoAnswer(PrometheusAnswer):
    """Version of the API."""

    data = fields.Nested(BuildInfo)


class FormattedAnswer(PrometheusAnswer):
    """A query in its usual form."""

    data = text("PromQL", "sum by (service) (rate(requests_total[5m]))")


class PrometheusError(AnswerSchema):
    """Error of Prometheus' API."""

    status = choice("Outcome", ("error",))
    errorType = choice("Its type", ERROR_TYPES)  # noqa: N815  # a name of Prometheus
    error = text("Explanation for people", 'invalid parameter "query": parameter is missing')
