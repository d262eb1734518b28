"""What the readers of live lines ask for: by the filters of GET /logs, or in LogQL."""

from urllib.parse import parse_qs

from analytics.live.live_line import LiveLine, Select
from analytics.query.records.line_filter import LineQuestion
from analytics.query.records.streams import BadTailQuery, stream_of
from analytics.schemas.compiled import loaded
from analytics.schemas.log_queries import TailQuery
from analytics.schemas.queries import given_once

TAIL_QUERY = TailQuery()


def filter_select(query: str, ignored: frozenset[str]) -> Select:
    """The lines that the parameters of a request ask for, as JSON.

    Raises:
        ValidationFailed: a parameter is not valid.
    """
    fields = {name: texts for name, texts in parse_qs(query, keep_blank_values=True).items() if name not in ignored}
    args = loaded(TAIL_QUERY, given_once(fields.items()))
    is_found = LineQuestion(args["service"], args["severity"], args["trace_id"], q=args["q"]).test()

    def select(live: LiveLine) -> bytes | None:
        return live.json if is_found(live.line, live.id, live.time) else None

    return select


def logql_select(query: str, ignored: frozenset[str]) -> Select:
    """The lines that a query in LogQL asks for, as streams of Loki.

    Raises:
        BadTailQuery: it is not valid.
    """
    from analytics.logql.entry import LogEntry, stream_labels
    from analytics.logql.errors import BadLogQuery
    from analytics.logql.label_tests import matches_stream
    from analytics.logql.nodes import LogSelection
    from analytics.logql.parse import parse
    from analytics.logql.pipeline import pipeline
    from analytics.query.records.lines import json_object
    from analytics.query.records.log_source import metadata_of

    text = next(iter(parse_qs(query).get("query", [])), "")
    try:
        found = parse(text)
        if not isinstance(found, LogSelection):
            raise BadLogQuery("only log queries can be tailed")
        matches, run = matches_stream(found.matchers), pipeline(found.stages)
    except BadLogQuery as error:
        raise BadTailQuery(error.message) from None

    def select(live: LiveLine) -> bytes | None:
        row = live.row
        labels = stream_labels(row.service, row.severity, json_object(row.resource))
        if not matches(labels):
            return None
        entry = LogEntry.of(row.time, row.body, labels, metadata_of(row))
        if not run(entry):
            return None
        return stream_of(entry.labels(), entry.time, entry.line)

    return select
