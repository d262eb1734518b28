"""Contract of what reads log lines: /logs, and Loki's API."""

from marshmallow import Schema

from analytics.answer import PLAIN_TEXT
from analytics.api.codes import READ_CODES, Codes
from analytics.api.form_reads import with_form
from analytics.api.operation import NOTHING_ASKED, Asked, Operation
from analytics.schemas import log_answers, log_queries, loki

LOKI = "/loki/api/v1"
STORE_CODES: Codes = {**READ_CODES, 503: ("unavailable", "store_unavailable", "query_timeout", "too_many_queries")}
LOKI_CODES: Codes = {
    400: ("bad_data",),
    405: ("method_not_allowed",),
    503: ("timeout", "unavailable", "store_unavailable", "query_timeout", "too_many_queries"),
}
LINES = '{service_name="checkout"} |= "failed"'
RATE = 'sum by (level) (rate({service_name="checkout"}[5m]))'
RANGE: Asked = {"start": "1705312800", "end": "1705316400"}


def _logs(
    path: str,
    summary: str,
    about: str,
    answer: type[Schema] | str,
    query: type[Schema],
    asked: Asked,
    problems: Codes = STORE_CODES,
) -> Operation:
    return Operation("get", path, "Logs", summary, about, {200: (answer,)}, problems, query=query, asked=asked)


def _loki(
    path: str,
    summary: str,
    about: str,
    answer: type[Schema],
    query: type[Schema] | None = None,
    asked: Asked = NOTHING_ASKED,
    path_schema: type[Schema] | None = None,
) -> Operation:
    return Operation(
        "get",
        f"{LOKI}{path}",
        "Loki",
        summary,
        about,
        {200: (answer,)},
        LOKI_CODES,
        query=query,
        asked=asked,
        path_schema=path_schema,
        errors=PLAIN_TEXT,
    )


def _both(
    path: str, summary: str, about: str, answer: type[Schema], query: type[Schema], asked: Asked, form: str
) -> tuple[Operation, Operation]:
    """A read that may also be sent as a form."""
    return with_form(_loki(path, summary, about, answer, query, asked), form)


LOG_OPERATIONS = (
    _logs(
        "/logs",
        "Read log lines",
        "The newest lines that match all filters, newest first. `q` is in the language of filters; plain words are "
        "searched in the texts and attributes of lines. Cursors lead to older and to newer lines.",
        log_answers.LogPage,
        log_queries.LogsQuery,
        {"service": "checkout", "severity": "warn", "limit": 10},
    ),
    _logs(
        "/logs/histogram",
        "Read log lines over time",
        "How many lines match, by level, in each bucket of the range. An answer has at most 2,000 buckets.",
        log_answers.LogHistogram,
        log_queries.HistogramQuery,
        {"service": "checkout", "step": 60},
    ),
    _logs(
        "/logs/fields",
        "Read the fields of log lines",
        "The fields that lines have, each with its commonest values, over the newest 2,000 matching lines.",
        log_answers.LogFields,
        log_queries.FieldsQuery,
        {"service": "checkout", "values": 5},
    ),
    _logs(
        "/logs/patterns",
        "Read the patterns of log lines",
        "Lines that are the same but for numbers, ids, hexadecimal numbers and quoted texts, over the newest 10,000 "
        "matching lines.",
        log_answers.LogPatterns,
        log_queries.PatternsQuery,
        {"service": "checkout", "limit": 10},
    ),
    _logs(
        "/logs/context",
        "Read the log lines around one",
        "Lines of the same service and resource before and after a line, at most a day away.",
        log_answers.LogContext,
        log_queries.ContextQuery,
        {"id": "1f0c2a9b3d-18c2f0a1b2c-9-0", "before": 5, "after": 5},
        {**STORE_CODES, 404: ("unknown_line",)},
    ),
    _logs(
        "/logs/tail",
        "Follow log lines",
        "Lines as they come in, as server-sent events: each a log line in JSON. An event `dropped` with "
        '`{"dropped": n}` tells a slow reader how many lines it missed. The same by WebSocket, one message a line.',
        "text/event-stream",
        log_queries.TailQuery,
        {"service": "checkout"},
        {**READ_CODES, 429: ("too_many_live",), 503: ("unavailable", "too_many_sessions")},
    ),
    *_both(
        "/query",
        "Evaluate a metric query",
        "The value of a metric query in LogQL at one time.",
        loki.LokiAnswer,
        loki.LokiInstantQuery,
        {"query": RATE},
        "query=vector(1)",
    ),
    *_both(
        "/query_range",
        "Evaluate a query over a range",
        "Lines of streams, or the values of a metric query at each step.",
        loki.LokiAnswer,
        loki.LokiRangeQuery,
        {"query": LINES, **RANGE, "limit": "10"},
        "query=%7Bservice_name%3D%22checkout%22%7D",
    ),
    *_both(
        "/labels",
        "List names of labels",
        "Names of the labels that streams have in a range.",
        loki.LokiTexts,
        loki.LokiLabelQuery,
        RANGE,
        "start=1705312800",
    ),
    _loki(
        "/label/{name}/values",
        "List values of a label",
        "Values of a label that streams have in a range.",
        loki.LokiTexts,
        loki.LokiLabelQuery,
        RANGE,
        loki.LokiLabelPath,
    ),
    *_both(
        "/detected_labels",
        "Count values of labels",
        "Names of the labels that streams have in a range, and how many values each has.",
        loki.LokiDetectedLabels,
        loki.LokiLabelQuery,
        RANGE,
        "start=1705312800",
    ),
    *_both(
        "/series",
        "Find streams",
        "The labels of the streams that any of the selectors finds.",
        loki.LokiSeries,
        loki.LokiSeriesQuery,
        {"match[]": ['{service_name="checkout"}'], **RANGE},
        "match[]=%7Bservice_name%3D%22checkout%22%7D",
    ),
    *_both(
        "/index/stats",
        "Measure streams",
        "How many streams, lines and characters a selector finds.",
        loki.LokiStats,
        loki.LokiStatsQuery,
        {"query": '{service_name="checkout"}', **RANGE},
        "query=%7B%7D",
    ),
    *_both(
        "/index/volume",
        "Compare volumes",
        "Characters of the lines of streams, summed by labels, the most first.",
        loki.LokiAnswer,
        loki.LokiVolumeQuery,
        {"query": "{}", "targetLabels": "service_name", **RANGE},
        "query=%7B%7D",
    ),
    *_both(
        "/index/volume_range",
        "Compare volumes over time",
        "Bytes of the lines of streams at each step.",
        loki.LokiAnswer,
        loki.LokiVolumeQuery,
        {"query": "{}", "targetLabels": "service_name", "step": "60", **RANGE},
        "query=%7B%7D",
    ),
    Operation(
        "get",
        "/ready",
        "Health",
        "Check that the service is ready, as with Loki",
        "The text `ready`, or 503 while the service starts or stops.",
        {200: ("text/plain",), 503: ("text/plain",)},
        READ_CODES,
    ),
    _loki("/status/buildinfo", "Read the version", "The version of Loki whose API is spoken.", loki.LokiBuildInfo),
)
