"""The source of log lines and spans for everything that asks about them: a table for each, in SQL.

In a statement the table is called `records`. Times are in nanoseconds since the epoch (BIGINT), texts VARCHAR, numbers
INTEGER; a text that is not known is empty, a `user_id` NULL. See `NewLogLine` and `NewSpan` for what each column means.

Besides what the SQL of DuckDB and that of SQLite have in common, a statement may use:

- `json_text(object, name)`: the field of a JSON object as text (a string without quotes), NULL where it is absent
- `regexp_matches(text, pattern)`: whether an RE2 pattern is found in a text
- `has_text(text, searched)`: whether a text contains another one, whatever their case
- `whole(a, b)`: how often `b` goes into `a`, rounded down
- `percentile(number, share)`: an aggregate, 0 <= share <= 1

`LIKE` minds the case. In answers truth values are 0 and 1. A statement with anything that an engine lacks, or a pattern
that is not one of RE2, is an error of its author: check patterns before.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from msgspec import Struct

LINE_COLUMNS = (
    "seq",
    "id",
    "time",
    "received",
    "service",
    "severity",
    "severity_text",
    "body",
    "trace_id",
    "span_id",
    "attributes",
    "resource",
    "scope",
)
"""Columns of the table of log lines. `seq` is their number in the order of arrival; it grows, with gaps.

It is another number in memory than in the long-term store, in the same order; a service always uses the same one."""
SPAN_COLUMNS = (
    "seq",
    "received",
    "trace_id",
    "span_id",
    "parent_id",
    "service",
    "name",
    "start_time",
    "end_time",
    "kind",
    "status",
    "status_message",
    "endpoint",
    "user_id",
    "attributes",
    "resource",
    "events",
    "links",
    "scope",
    "state",
)
"""Columns of the table of spans."""


class RecordQuery(Struct, frozen=True):
    """A question about log lines or spans.

    What it says besides the statement leaves out parts of the table early; the statement must still filter.

    Attributes:
        kind: `logs` or `spans`.
        statement: a SELECT from `records`, with `?` in place of each of the parameters.
        since, until: the first time (of spans: their start), and the one after the last; None for any.
        services: the services; None for any.
        trace_ids: the traces; None for any.
        seconds: how long it may take.
    """

    kind: str
    statement: str
    parameters: Sequence[Any] = ()
    since: int | None = None
    until: int | None = None
    services: Collection[str] | None = None
    trace_ids: Collection[str] | None = None
    seconds: float = 30.0


class RecordSource(Protocol):
    """Answers questions about all log lines and spans that are kept, the newest included."""

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """The rows of the answer.

        Args:
            is_wanted: asked now and then; the question is cancelled when it says no.

        Raises:
            AnalyticsError: it cannot be answered now, or takes too long; the message says why.
        """
