"""Events in a plain table of DuckDB, as a `Source` gives them: stands in for files in tests."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import duckdb

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.sql_fields import field_sql
from analytics.filters.sql_quoting import quoted_name, quoted_text
from analytics.filters.sql_text import contains_sql, name_contains_sql
from analytics.filters.values import as_datetime
from analytics.records import Kept, NewEvent
from analytics.store.source import ALL_EVENTS, DAY_NUMBER, EVENT_COLUMNS, EventSpan, Extent, KnownCounts, field_columns

COLUMNS = (
    "seq BIGINT, id VARCHAR, type VARCHAR, service VARCHAR, user_id VARCHAR, time TIMESTAMP, received TIMESTAMP,"
    " is_timed BOOLEAN, data VARCHAR"
)


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory with an empty table of events."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE events ({COLUMNS})")
    return connection


def fill(connection: duckdb.DuckDBPyConnection, batches: Iterable[tuple[int, Kept[NewEvent]]]) -> None:
    """Replace the events by those of some requests, each with the number of its first event."""
    rows: list[list[Any]] = []
    for first, kept in batches:
        for place in kept.places():
            event = kept.records[place]
            time, received = (as_datetime(round(at * 1e6)) for at in (kept.at(place), kept.received))
            data = bytes(event.data).decode()
            row = [first + place, kept.id(place), event.type, event.service, event.user_id, time, received]
            rows.append([*row, event.timestamp is not None, data])
    connection.execute("DELETE FROM events")
    if rows:
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
        connection.execute(f"INSERT INTO events VALUES {marks}", [value for row in rows for value in row])


def batched(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Parts of some rows."""
    return (rows[at : at + size] for at in range(0, len(rows), size))


class PlainSource:
    """An `EventSource` over that table, as if each `size` of its events, in order of time, were together in a file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, size: int = 1_000) -> None:
        self._connection, self._size = connection, size

    def extents(self, span: EventSpan = ALL_EVENTS) -> list[Extent]:
        """Extents of all events."""
        rows = self._connection.execute("SELECT seq, epoch_us(time) FROM events ORDER BY time, seq").fetchall()
        return [
            Extent(min(seqs), max(seqs), min(times), max(times) + 1, len(seqs))
            for seqs, times in (zip(*part, strict=True) for part in batched(rows, self._size))
        ]

    def known_counts(self, first: int, end: int) -> KnownCounts:
        """None."""
        return KnownCounts((), self)

    def events(
        self,
        fields: Sequence[str] = (),
        span: EventSpan = ALL_EVENTS,
        texts: Sequence[str] = (),
        columns: Collection[str] = EVENT_COLUMNS,
    ) -> str:
        """All events."""
        names, kept = field_columns(fields), [name for name in EVENT_COLUMNS if name in {*columns, "seq"}]
        more = [f"{field_sql('data', field)} AS {quoted_name(names[field])}" for field in fields]
        more += [f"({' OR '.join(_tests(text))}) AS {quoted_name(f'text.{at}')}" for at, text in enumerate(texts)]
        more += [f"epoch_us(time) // 86400000000 AS {DAY_NUMBER}"] if DAY_NUMBER in columns else []
        where = span.time_sql() if span.is_strict else "true"
        return f"(SELECT {', '.join([*kept, *more])} FROM events WHERE {where})"


def _tests(text: str) -> list[str]:
    names = (name_contains_sql(name, text, quoted_text) for name in EVENT_FIELDS.searched)
    return [*names, contains_sql("data", text, quoted_text)]
