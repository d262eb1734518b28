"""Contract of Prometheus' API for queries."""

from marshmallow import Schema

from analytics.api.codes import Codes
from analytics.api.form_reads import with_form
from analytics.api.operation import NOTHING_ASKED, Asked, Operation
from analytics.schemas.promql import (
    AlertsAnswer,
    BuildInfoAnswer,
    ExemplarQuery,
    ExemplarsAnswer,
    FormattedAnswer,
    InstantQuery,
    LabelPath,
    LabelQuery,
    MatchQuery,
    MetadataAnswer,
    MetadataQuery,
    PrometheusError,
    PromqlAnswer,
    PromqlText,
    RangeQuery,
    RulesAnswer,
    SeriesLabelsAnswer,
    TextsAnswer,
)

API = "/api/v1"
TAG = "PromQL"
QUERY = "sum by (service) (rate(requests_total[5m]))"
PLAIN: Codes = {405: ("method_not_allowed",), 503: ("unavailable",)}
READ: Codes = {**PLAIN, 400: ("bad_data",), 422: ("execution",)}
EVALUATION: Codes = {**READ, 503: ("timeout", "unavailable")}


def _read(
    path: str,
    summary: str,
    about: str,
    shape: type[Schema],
    problems: Codes = PLAIN,
    query: type[Schema] | None = None,
    asked: Asked = NOTHING_ASKED,
    path_schema: type[Schema] | None = None,
) -> Operation:
    return Operation(
        "get",
        f"{API}{path}",
        TAG,
        summary,
        about,
        {200: (shape,)},
        problems,
        query=query,
        asked=asked,
        path_schema=path_schema,
        problem=PrometheusError,
    )


def _both(
    path: str,
    summary: str,
    about: str,
    shape: type[Schema],
    problems: Codes,
    query: type[Schema],
    asked: Asked,
    form: str,
) -> tuple[Operation, Operation]:
    """A read that may also be sent as a form."""
    return with_form(_read(path, summary, about, shape, problems, query, asked), form)


PROMQL_OPERATIONS = (
    *_both(
        "/query",
        "Evaluate a query",
        "The value of a query at one time. Windows are sums of what is kept, never extrapolated; `infos` says where "
        "the answer is inexact.",
        PromqlAnswer,
        EVALUATION,
        InstantQuery,
        {"query": QUERY, "timeout": "5s"},
        "query=sum(requests_total)",
    ),
    *_both(
        "/query_range",
        "Evaluate a query over a range",
        "The values of a query at each step.",
        PromqlAnswer,
        EVALUATION,
        RangeQuery,
        {"query": QUERY, "start": "2024-01-15T10:00:00Z", "end": "2024-01-15T11:00:00Z", "step": "1m"},
        "query=sum(requests_total)&start=1705312800&end=1705316400&step=60",
    ),
    *_both(
        "/query_exemplars",
        "Read exemplars",
        "The exemplars of all series that the selectors of a query find.",
        ExemplarsAnswer,
        READ,
        ExemplarQuery,
        {"query": "rate(http_server_request_duration_seconds_bucket[5m])"},
        "query=orders_total",
    ),
    *_both(
        "/series",
        "Find series",
        "The labels of all series with data in a range.",
        SeriesLabelsAnswer,
        READ,
        MatchQuery,
        {"match[]": ['{service="shop"}']},
        "match[]=requests_total",
    ),
    *_both(
        "/labels",
        "List names of labels",
        "All names of labels of the series.",
        TextsAnswer,
        READ,
        LabelQuery,
        {"limit": "100"},
        "match[]=requests_total",
    ),
    _read(
        "/label/{label}/values",
        "List values of a label",
        "All values that a label has.",
        TextsAnswer,
        READ,
        LabelQuery,
        {"limit": "100"},
        LabelPath,
    ),
    _read(
        "/metadata",
        "Describe metrics",
        "Type, help text and unit by name, as senders announced them.",
        MetadataAnswer,
        READ,
        MetadataQuery,
        {"metric": "requests_total"},
    ),
    *_both(
        "/format_query",
        "Format a query",
        "The query in its usual form.",
        FormattedAnswer,
        READ,
        PromqlText,
        {"query": "sum by(service)(rate(requests_total[5m]))"},
        "query=up",
    ),
    _read(
        "/rules",
        "Read rules",
        "All groups. `type` (`alert` or `record`), `rule_name[]`, `rule_group[]` and `file[]` select some.",
        RulesAnswer,
    ),
    _read("/alerts", "Read alerts", "Those that are pending or firing.", AlertsAnswer),
    _read("/status/buildinfo", "Read the version", "The version of Prometheus whose API is spoken.", BuildInfoAnswer),
)
