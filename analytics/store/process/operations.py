"""The operations that the server can ask for, in one table."""

from collections.abc import Callable, Iterator

import msgspec

from analytics.store.explore.operation import explore
from analytics.store.numbers.operations import known_buckets, oldest_cells, read_cells, take_blocks
from analytics.store.process.question import Question
from analytics.store.records.operation import ask_records
from analytics.store.search.operation import search_events
from analytics.store.sql.operation import run_sql

Operation = Callable[[Question], Iterator[bytes]]
"""Answers a question in pieces, of at most some MB each.

Raises:
    Refusal: the question is wrong.
    duckdb.Error: the query failed.
"""


def count_events(question: Question) -> Iterator[bytes]:
    """How many events there are, as JSON: for tests, and for people who look after the service."""
    query = f"SELECT count(*), count(DISTINCT seq), min(seq), max(seq) FROM {question.source.events()}"  # nosec
    row = question.connection.execute(query).fetchone()
    assert row is not None
    yield msgspec.json.encode(dict(zip(("events", "numbers", "first", "last"), row, strict=True)))


STORE_OPERATIONS: dict[str, Operation] = {
    "count": count_events,
    "explore": explore,
    "numbers": read_cells,
    "numbers known": known_buckets,
    "numbers reach": oldest_cells,
    "numbers take": take_blocks,
    "records": ask_records,
    "search": search_events,
    "sql": run_sql,
}
"""Every operation by name. They run in threads of the store process, many at once."""
