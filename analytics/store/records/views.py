"""SQL of the views `logs` and `spans` of `POST /sql`: times as timestamps, and words instead of numbers."""

from collections.abc import Sequence

from analytics.filters.sql_quoting import quoted_text
from analytics.log_lines import LEVELS
from analytics.query.records.source import RecordQuery
from analytics.spans import SPAN_KINDS, SPAN_STATUSES
from analytics.store.process.view import View
from analytics.store.records.erased import not_erased
from analytics.store.records.layout import LINES, TRACES, RecordLayout
from analytics.store.records.relation import records_sql, stored_rows


def _word(words: Sequence[str], index: str) -> str:
    return f"[{', '.join(map(quoted_text, words))}][{index} + 1]"


def _moment(nanoseconds: str) -> str:
    return f"make_timestamp({nanoseconds} // 1000)"


VIEW_COLUMNS = {
    LINES.kind: {
        "seq": "seq",
        "id": "id",
        "time": _moment("time"),
        "received": _moment("received"),
        "service": "service",
        "level": _word(LEVELS, "CASE WHEN severity BETWEEN 1 AND 24 THEN (severity + 3) // 4 ELSE 0 END"),
        "severity": "severity",
        "severity_text": "severity_text",
        "body": "body",
        "trace_id": "trace_id",
        "span_id": "span_id",
        "attributes": "attributes",
        "resource": "resource",
        "scope": "scope",
        "time_ns": "time",
    },
    TRACES.kind: {
        "seq": "seq",
        "trace_id": "trace_id",
        "span_id": "span_id",
        "parent_id": "parent_id",
        "service": "service",
        "name": "name",
        "start": _moment("start_time"),
        "duration_ms": "(end_time - start_time) / 1e6",
        "kind": _word(SPAN_KINDS, "kind"),
        "status": _word(SPAN_STATUSES, "status"),
        "status_message": "status_message",
        "endpoint": "endpoint",
        "user_id": "user_id",
        "attributes": "attributes",
        "resource": "resource",
        "events": "events",
        "links": "links",
        "scope": "scope",
        "state": "state",
        "received": _moment("received"),
        "start_ns": "start_time",
    },
}
"""The SQL of each column, by the name of the view."""


def tail_rows(layout: RecordLayout, view: View) -> str:
    """A subquery of the records that are in no file yet, as they are stored."""
    tables = [name for table in view.tables for name in table.records[layout.kind].tables]
    return stored_rows(layout, tables, not_erased(view.erased_records(layout.kind)))


def view_sql(layout: RecordLayout, view: View, tail: str) -> str:
    """The SQL of a view: the records of files, and those of the tail.

    Args:
        tail: SQL of a table with the `tail_rows`.
    """
    files = [file for file in view.records if file.kind == layout.kind]
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in VIEW_COLUMNS[layout.kind].items())
    erased = view.erased_records(layout.kind)
    rows = records_sql(layout, view.folder, files, [tail], RecordQuery(layout.kind, ""), erased)
    return f"SELECT {columns} FROM ({rows})"
