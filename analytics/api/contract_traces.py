"""Contract of traces, and of Jaeger's query API."""

from marshmallow import Schema

from analytics.api.codes import DOCUMENT_CODES, READ_CODES, Codes
from analytics.api.contract_services import ServicePath
from analytics.api.operation import NOTHING_ASKED, Asked, Operation
from analytics.schemas import jaeger, traces

STORED: Codes = {**READ_CODES, 503: ("unavailable", "store_unavailable")}
FOUND: Codes = {**STORED, 404: ("unknown_trace", "not_found")}


def _jaeger(
    path: str,
    summary: str,
    about: str,
    query: type[Schema] | None = None,
    asked: Asked = NOTHING_ASKED,
    path_schema: type[Schema] | None = None,
    problems: Codes = STORED,
) -> Operation:
    return Operation(
        "get",
        path,
        "Jaeger",
        summary,
        about,
        {200: (jaeger.JaegerAnswer,)},
        problems,
        query=query,
        path_schema=path_schema,
        asked=asked,
        problem=jaeger.JaegerAnswer,
    )


TRACE_OPERATIONS = (
    Operation(
        "get",
        "/failing",
        "Events",
        "The page Errors",
        "The page with the groups of errors: what failed, how often, since when, where; the newest errors of a group "
        "with their traces and log lines; and buttons that resolve, mute and open it.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "get",
        "/logging",
        "Logs",
        "The page Logs",
        "The page with log lines over time, their fields and patterns, and a live tail.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "get",
        "/tracing",
        "Traces",
        "The page Traces",
        "The page with the traces, their durations over time, the spans of one of them, and the map of services.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "get",
        "/traces",
        "Traces",
        "Find traces",
        "The traces with a span that matches all filters. `attributes.K=V` selects a value of an attribute of the span "
        "or of its resource.",
        {200: (traces.TraceRows,)},
        STORED,
        query=traces.TracesQuery,
        asked={"service": "checkout", "status": "error", "min_duration_ms": 100},
    ),
    Operation(
        "get",
        "/traces/{trace_id}",
        "Traces",
        "Read a trace",
        "All its spans by their start, each once. Of a trace with more than 10,000 spans, the first ones.",
        {200: (traces.TraceAnswer,)},
        FOUND,
        path_schema=traces.TracePath,
    ),
    Operation(
        "get",
        "/services/graph",
        "Traces",
        "Read who calls whom",
        "The services of the spans in a range and the calls between them, with their rate, errors and 95th "
        "percentile. What sends no spans, such as a database, is `is_outside`: it is known from the calls to it.",
        {200: (traces.GraphAnswer,)},
        STORED,
        query=traces.GraphQuery,
    ),
    _jaeger("/api/services", "List services", "The services that sent spans."),
    _jaeger(
        "/api/services/{service}/operations",
        "List names of spans",
        "The names of the spans of a service.",
        path_schema=ServicePath,
    ),
    _jaeger(
        "/api/operations",
        "List names of spans with their kinds",
        "The names of the spans of a service, each with its kind.",
        jaeger.JaegerOperationsQuery,
        {"service": "checkout", "spanKind": "server"},
    ),
    _jaeger(
        "/api/traces",
        "Find traces as Jaeger does",
        "The newest traces with a span that matches, with all their spans.",
        jaeger.JaegerTracesQuery,
        {"service": "checkout", "limit": "5"},
    ),
    _jaeger(
        "/api/traces/{trace_id}",
        "Read a trace as Jaeger does",
        "The trace, with all its spans.",
        path_schema=traces.TracePath,
        problems=FOUND,
    ),
    _jaeger(
        "/api/dependencies",
        "Read who calls whom as Jaeger does",
        "The number of calls between services.",
        jaeger.JaegerDependenciesQuery,
    ),
)
