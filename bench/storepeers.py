"""The peers of the long-term store: the same events in a table of SQLite and in one of DuckDB, asked the same."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from analytics.clock import DAY_SECONDS
from bench.plan import CLIENT_CORE, SERVER_CORE
from bench.storefill import DAYS, EVENTS, RARE, RARE_SERVICE, RARE_TYPE, SHAPES, invented

SHARE = 5
"""SQLite has one of so many events, over the same time: it would take minutes to fill and to ask with all."""
BATCH = 10_000
COLUMNS = "seq BIGINT, id TEXT, type TEXT, service TEXT, user_id TEXT, time BIGINT, data TEXT"
INDEXES = ("(time, service)", "(type, time)", "(type, service, seq)")
"""Those of SQLite; DuckDB does without."""
FUNNEL = """
WITH found AS (
    SELECT user_id, time, seq, type FROM events
    WHERE time >= {week} AND type IN ('page_view', 'cart_add', 'purchase')
), first AS (
    SELECT *, max(CASE WHEN type = 'page_view' THEN time END) OVER earlier AS one FROM found
    WINDOW earlier AS (PARTITION BY user_id ORDER BY time, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), second AS (
    SELECT *, max(CASE WHEN type = 'cart_add' AND one >= time - 86400000000 THEN one END) OVER earlier AS two FROM first
    WINDOW earlier AS (PARTITION BY user_id ORDER BY time, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT count(DISTINCT CASE WHEN type = 'page_view' THEN user_id END),
    count(DISTINCT CASE WHEN type = 'cart_add' AND one >= time - 86400000000 THEN user_id END),
    count(DISTINCT CASE WHEN type = 'purchase' AND two >= time - 86400000000 THEN user_id END)
FROM second"""
NEWEST = "SELECT * FROM events WHERE type = '{0}' AND service = '{1}' ORDER BY seq DESC LIMIT 100"
TEXT = "SELECT * FROM events WHERE time >= {{month}} AND ({0}) ORDER BY seq DESC LIMIT 100"
ANY = " OR ".join(f"{name} {{like}} '%{RARE}%'" for name in ("type", "service", "user_id", "id", "data"))
ASKED = {
    "count by hour and service, 7 days": "SELECT service, time {over} 3600000000 AS hour, count(*) FROM events "
    "WHERE time >= {week} GROUP BY service, hour",
    "p95 by endpoint, a day": "{p95}",
    "unique users a day, 90 days": "SELECT time {over} 86400000000 AS day, count(DISTINCT user_id) FROM events "
    "GROUP BY day UNION ALL SELECT NULL, count(DISTINCT user_id) FROM events",
    "newest 100 of a type and service": NEWEST.format("purchase", "checkout"),
    "newest 100 of a rare pair": NEWEST.format(RARE_TYPE, RARE_SERVICE),
    "a rare text in any field, 30 days": TEXT.format(ANY),
    "a rare text in one field, 30 days": TEXT.format(f"data ->> 'note' {{like}} '%{RARE}%'"),
    "funnel of three steps, 7 days": FUNNEL,
    "top 20 of a field, 30 days": "SELECT data ->> 'category' AS value, count(*) AS n FROM events "
    "WHERE time >= {month} GROUP BY value ORDER BY n DESC LIMIT 20",
}
"""The questions of `bench.storequeries`, by the same names."""
_OF_DAY = (
    "SELECT data ->> 'endpoint' AS e, CAST(data ->> 'latency' AS REAL) AS l FROM events"
    " WHERE time >= {day} AND type = 'request'"
)
WORDS = {
    "SQLite": {
        "over": "/",
        "like": "LIKE",
        "p95": "SELECT e, max(l) FROM (SELECT e, l, row_number() OVER (PARTITION BY e ORDER BY l) AS n,"
        f" count(*) OVER (PARTITION BY e) AS c FROM ({_OF_DAY})) WHERE n <= 0.95 * c GROUP BY e",
    },
    "DuckDB": {
        "over": "//",
        "like": "ILIKE",
        "p95": f"SELECT e, quantile_cont(l, 0.95) FROM ({_OF_DAY}) GROUP BY e",
    },
}
Run = Callable[[], float]


@contextmanager
def peers(folder: Path, until: float) -> Iterator[dict[str, dict[str, Run]]]:
    """The peers by name; each has a function for each question, which answers it and returns the milliseconds."""
    os.sched_setaffinity(0, {SERVER_CORE, CLIENT_CORE})  # inherited by the threads of DuckDB
    days = {"day": 1, "week": 7, "month": 30}
    since = {name: f"{(until - count * DAY_SECONDS) * 1e6:.0f}" for name, count in days.items()}
    try:
        with (
            closing(duckdb.connect(folder / "peer.duckdb", config={"threads": 2, "memory_limit": "192MiB"})) as table,
            closing(sqlite3.connect(folder / "peer.db", isolation_level=None)) as rows,
        ):
            table.execute(f"CREATE TABLE events ({COLUMNS})")
            table.execute(f"INSERT INTO events {_events(until)}")
            _fill(rows, table)
            asked: dict[str, Callable[[str], object]] = {
                "SQLite": lambda sql: rows.execute(sql).fetchall(),
                "DuckDB": lambda sql: table.execute(sql).fetchall(),
            }
            yield {
                peer: {name: _timed(ask, _filled(sql, peer, since)) for name, sql in ASKED.items()}
                for peer, ask in asked.items()
            }
    finally:
        os.sched_setaffinity(0, {CLIENT_CORE})


def _events(until: float) -> str:
    with_total, without = SHAPES
    data = f"CASE shape WHEN 1 THEN {with_total.sql()} ELSE {without.sql()} END"
    rows = invented(1, EVENTS, until - DAYS * DAY_SECONDS, until - 1)
    return f"SELECT seq, id, type, service, user_id, epoch_us(time), {data} FROM {rows} ORDER BY seq"


def _fill(rows: sqlite3.Connection, table: duckdb.DuckDBPyConnection) -> None:
    rows.execute("PRAGMA journal_mode = OFF")
    rows.execute(f"CREATE TABLE events ({COLUMNS.replace('seq BIGINT', 'seq INTEGER PRIMARY KEY')})")
    found = table.execute(f"SELECT * FROM events WHERE seq % {SHARE} = 0")
    rows.execute("BEGIN")
    while some := found.fetchmany(BATCH):
        rows.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", some)
    rows.execute("COMMIT")
    for place, columns in enumerate(INDEXES):
        rows.execute(f"CREATE INDEX events{place} ON events {columns}")
    rows.execute("ANALYZE")


def _filled(sql: str, peer: str, since: dict[str, str]) -> str:
    words = {word: text.format(**since) for word, text in WORDS[peer].items()}
    return sql.format(**since, **words)


def _timed(ask: Callable[[str], object], sql: str) -> Run:
    def run() -> float:
        started = time.perf_counter()
        ask(sql)
        return (time.perf_counter() - started) * 1000

    return run
