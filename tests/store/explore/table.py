"""A source of events in tests: a table of DuckDB, filled with rows of random events."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import duckdb
import orjson

from analytics.store.source import ALL_EVENTS, DAY_NUMBER, EVENT_COLUMNS, EventSpan, Extent, KnownCounts


class Event(NamedTuple):
    """A row; `at` is in seconds since the epoch."""

    seq: int
    type: str
    service: str
    user_id: str | None
    at: float
    data: dict[str, Any]


class Table:
    """A source over a table, whose fields are read from its JSON."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.db = duckdb.connect()
        self.db.execute(
            "CREATE TABLE t (seq BIGINT, id VARCHAR, type VARCHAR, service VARCHAR, user_id VARCHAR, time TIMESTAMP,"
            " received TIMESTAMP, is_timed BOOLEAN, data VARCHAR)"
        )
        rows = [
            [seq, f"id-{seq}", kind, service, user, _time(at), _time(at), True, orjson.dumps(data).decode()]
            for seq, kind, service, user, at, data in events
        ]
        if rows:
            self.db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def events(
        self,
        fields: Sequence[str] = (),
        span: EventSpan = ALL_EVENTS,
        texts: Sequence[str] = (),
        columns: Collection[str] = EVENT_COLUMNS,
    ) -> str:
        named = "".join(f""", (data->'$."{field}"')::VARCHAR AS "data.{field}\"""" for field in fields)
        day = f"epoch_us(time) // 86400000000 AS {DAY_NUMBER}"
        selected = ", ".join(day if name == DAY_NUMBER else name for name in {"seq": None, **dict.fromkeys(columns)})
        where = span.time_sql() if span.is_strict else "true"
        return f"(SELECT {selected}{named} FROM t WHERE {where})"

    def known_counts(self, first: int, end: int) -> KnownCounts:
        return KnownCounts((), self)

    def extents(self, span: EventSpan = ALL_EVENTS) -> list[Extent]:
        query = f"SELECT seq, epoch_us(time) FROM t WHERE {span.time_sql()} ORDER BY seq"
        return [Extent(seq, seq, time, time + 1, 1) for seq, time in self.db.execute(query).fetchall()]


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
