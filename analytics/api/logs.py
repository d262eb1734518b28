"""/logs: reads log lines, and what they have in common."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.clock import Clock
from analytics.errors import ValidationFailed
from analytics.internals.departure import departure
from analytics.query.records.line_fields import FIELD_COLUMNS, Fields, counted
from analytics.query.records.line_filter import LineQuestion
from analytics.query.records.line_patterns import PATTERN_COLUMNS, Patterns, grouped
from analytics.query.records.line_search import LineCursor, LineSearch
from analytics.query.records.source import RecordSource
from analytics.schemas.log_queries import (
    MOST_BUCKETS,
    ContextQuery,
    FieldsQuery,
    HistogramQuery,
    LogsQuery,
    PatternsQuery,
)
from analytics.yielding import yield_if_due

LOGS_QUERY, HISTOGRAM_QUERY, CONTEXT_QUERY = LogsQuery(), HistogramQuery(), ContextQuery()
FIELDS_QUERY, PATTERNS_QUERY = FieldsQuery(), PatternsQuery()
SECOND = 1_000_000_000
USUAL_SPAN = 3_600 * SECOND
USUAL_BUCKETS = 60
STEPS = (1, 5, 10, 15, 30, 60, 300, 600, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800)
"""Seconds of buckets, where none are asked for."""
EXAMINED_FIELDS, EXAMINED_PATTERNS = 2_000, 10_000
"""Newest lines that are looked into."""


def logs_blueprint(records: RecordSource, clock: Clock) -> Blueprint:
    """Blueprint of what reads /logs."""
    blueprint = Blueprint("logs", __name__)

    def search() -> LineSearch:
        has_left = departure(request.environ)
        return LineSearch(records, clock.wall, lambda: not has_left())

    @blueprint.get("/logs")
    def read() -> Response:
        args = arguments(LOGS_QUERY)
        return answer(search().page(_question(args), args["cursor"] and LineCursor(*args["cursor"]), args["limit"]))

    @blueprint.get("/logs/histogram")
    def histogram() -> Response:
        args = arguments(HISTOGRAM_QUERY)
        until = round(clock.wall() * SECOND) if args["until"] is None else args["until"]
        since = until - USUAL_SPAN if args["since"] is None else args["since"]
        step = (args["step"] or _usual_step(until - since)) * SECOND
        if (until - since) // step >= MOST_BUCKETS:
            problem = f"Would make more than {MOST_BUCKETS:,} buckets; choose a longer one."
            raise ValidationFailed(f"step: {problem}", fields={"step": [problem]})
        return answer(search().histogram(_question({**args, "since": since, "until": until}), step))

    @blueprint.get("/logs/fields")
    def fields() -> Response:
        args = arguments(FIELDS_QUERY)
        asked = _question(args)
        lines_of = search()
        rows = lines_of.rows(asked, FIELD_COLUMNS, EXAMINED_FIELDS)
        lines = _all(lines_of, asked, len(rows), EXAMINED_FIELDS)
        return answer(Fields(counted(_paced(rows), args["values"]), lines, len(rows), lines > len(rows)))

    @blueprint.get("/logs/patterns")
    def patterns() -> Response:
        args = arguments(PATTERNS_QUERY)
        asked = _question(args)
        lines_of = search()
        rows = lines_of.rows(asked, PATTERN_COLUMNS, EXAMINED_PATTERNS)
        lines = _all(lines_of, asked, len(rows), EXAMINED_PATTERNS)
        return answer(Patterns(grouped(_paced(rows), args["limit"]), lines, len(rows), lines > len(rows)))

    @blueprint.get("/logs/context")
    def context() -> Response:
        args = arguments(CONTEXT_QUERY)
        return answer(search().context(args["id"], args["time"], args["before"], args["after"]))

    return blueprint


def _question(args: dict[str, Any]) -> LineQuestion:
    return LineQuestion(*(args[name] for name in ("service", "severity", "trace_id", "since", "until", "q")))


def _usual_step(span: int) -> int:
    """The shortest of the usual steps that makes few buckets."""
    wanted = span / SECOND / USUAL_BUCKETS
    return next((step for step in STEPS if step >= wanted), STEPS[-1])


def _paced(rows: list[list[Any]]) -> Iterator[list[Any]]:
    """Rows one by one; others run in between."""
    for row in rows:
        yield_if_due()
        yield row


def _all(search: LineSearch, asked: LineQuestion, found: int, most: int) -> int:
    """How many lines there are, where `found` of them were read, `most` at most."""
    return found if found < most else search.count(asked)
