"""Layout of the files of log lines and of spans: a table for each kind.

`docs/store.md` describes it for other programs.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from analytics.kinds import LOGS, SPANS
from analytics.log_lines import NewLogLine
from analytics.record_rows import RecordColumns, line_columns, span_columns
from analytics.record_users import JSON_PATTERNS, TEXT_PATTERNS
from analytics.spans import NewSpan

DAY_NANOSECONDS = 86_400 * 1_000_000_000


class RecordLayout(NamedTuple):
    """The layout of a kind of records.

    Attributes:
        kind: its name, and that of the folder of its files.
        columns: the columns of its files, with their types.
        made: SQL of columns of files that are made of what `values_of` returns.
        asked: SQL of columns of questions that files do not have, by name.
        questions: the columns of questions, in order.
        time: the column with the time that decides on the day.
        sorted_by: the order within a file.
        group: rows of a row group.
        options: more options of DuckDB for writing.
        merged_rows: the most rows of a merged file: more need more memory than the store has at least.
        decode: decodes a body of the journal.
        values_of: makes columns of records, and when they were received.
        has_ids: whether records have an `id`, which a client or the service gave.
        stand_in: stands in place of erased records in the log.
        users: columns with the id of a user.
        named_users: columns whose texts may name users, with the patterns of fields that do.
    """

    kind: str
    columns: Mapping[str, str]
    made: dict[str, str]
    asked: Mapping[str, str]
    time: str
    sorted_by: str
    group: int
    options: str
    merged_rows: int
    decode: Callable[[bytes], Sequence[Any]]
    values_of: Callable[[Sequence[Any], float], RecordColumns]
    has_ids: bool = False
    stand_in: Any = None
    users: Sequence[str] = ()
    named_users: Mapping[str, Sequence[str]] = MappingProxyType({})


LINES = RecordLayout(
    LOGS.name,
    {
        "seq": "BIGINT",
        "id": "VARCHAR",
        "prefix": "VARCHAR",
        "place": "INTEGER",
        "time": "BIGINT",
        "received": "BIGINT",
        "service": "VARCHAR",
        "severity": "INTEGER",
        "severity_text": "VARCHAR",
        "body": "VARCHAR",
        "trace_id": "VARCHAR",
        "span_id": "VARCHAR",
        "attributes": "VARCHAR",
        "resource": "VARCHAR",
        "scope": "VARCHAR",
    },
    {},
    {"id": "coalesce(id, prefix || place)"},
    time="time",
    sorted_by="service, severity, time, seq",
    group=40_960,
    options=", DICTIONARY_SIZE_LIMIT 20000, STRING_DICTIONARY_PAGE_SIZE_LIMIT 1000000",  # for filters of trace ids
    merged_rows=1_000_000,
    decode=msgspec.json.Decoder(list[NewLogLine]).decode,
    values_of=line_columns,
    has_ids=True,
    stand_in=LOGS.stand_in,
    named_users={"attributes": JSON_PATTERNS, "resource": JSON_PATTERNS, "body": TEXT_PATTERNS},
)
TRACES = RecordLayout(
    SPANS.name,
    {
        "seq": "BIGINT",
        "received": "BIGINT",
        "trace_id": "VARCHAR",
        "span_id": "VARCHAR",
        "parent_id": "VARCHAR",
        "service": "VARCHAR",
        "name": "VARCHAR",
        "start_time": "BIGINT",
        "duration": "BIGINT",
        "kind": "INTEGER",
        "status": "INTEGER",
        "status_message": "VARCHAR",
        "endpoint": "VARCHAR",
        "user_id": "VARCHAR",
        "attributes": "VARCHAR",
        "resource": "VARCHAR",
        "events": "VARCHAR",
        "links": "VARCHAR",
        "scope": "VARCHAR",
        "state": "VARCHAR",
    },
    {"duration": "end_time - start_time"},
    {"end_time": "start_time + duration"},
    time="start_time",
    sorted_by="trace_id, start_time, seq",
    group=122_880,
    options="",
    merged_rows=1_000_000,
    decode=msgspec.json.Decoder(list[NewSpan]).decode,
    values_of=span_columns,
    stand_in=SPANS.stand_in,
    users=("user_id",),
    named_users=dict.fromkeys(("attributes", "resource", "events", "links"), JSON_PATTERNS),
)
RECORD_LAYOUTS = {layout.kind: layout for layout in (LINES, TRACES)}
"""Both, by the name of the kind."""
