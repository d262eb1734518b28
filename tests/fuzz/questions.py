"""Decoders of questions: the filter language, POST /explore, the check of SQL, and PromQL with its parameters."""

import json
import math
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

import duckdb
from msgspec import Raw

from analytics.api.questions import question_of
from analytics.config import Settings
from analytics.errors import ValidationFailed
from analytics.factory import create_app
from analytics.filters.events import event_selection
from analytics.filters.names import EVENT_FIELDS
from analytics.filters.parse import parse
from analytics.filters.sql import Parameters, SqlColumns
from analytics.filters.sql import rendered as rendered_sql
from analytics.filters.sql_quoting import quoted_name
from analytics.filters.tree import paths
from analytics.promql.budget import Budget, Limits
from analytics.promql.engine import PromqlEngine
from analytics.promql.errors import QueryError
from analytics.promql.parse import parse as parse_promql
from analytics.promql.parse import selectors_of
from analytics.promql.render import rendered
from analytics.promql.text import milliseconds
from analytics.records import Kept, NewEvent
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.store.explore.answering import answered
from analytics.store.sql.allowed import QueryRefused, check_query
from tests.fakes import FakeClock
from tests.fuzz.bodies import DECODED, forms
from tests.fuzz.decoder import Decoder
from tests.promql.rig import storage
from tests.store.plain_source import PlainSource, connect

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FILTERS = (
    b'type:purchase data.total>=100 "gift card" -user:bot* OR (time:2026-11-28..2026-11-29 AND NOT id="a")',
    b'data."a b".c:1..2 service!=shop data.x:*a*b* \xc3\x9f\xcf\x83 http://a/b',
    b"(((NOT -(a OR b) c)))",
    b"data.n:1e5 data.n<-0.5 data.n>:x time>=2026-11-28T12:00:00.25+01:00",
    b"type:" + b"a*" * 10,
    b"(" * 21 + b"a" + b")" * 21,
    b" OR ".join([b"a"] * 51),
    b'data."' + b"\\\\" * 400,
)
DATA = (
    b'{"total":150.5,"x":"cab","n":"1e5","a b":{"c":1.5},"t":"gift card"}',
    b'{"n":-0.0,"x":null,"a b.c":"1","x":[1,{"y":"\\ud83d\\ude80"}],"\\u0061":1e400}',
    b"{}",
)
QUESTIONS = (
    b'{"measure":"sum","field":"data.total","q":"type:purchase","by":["data.category","type"],"interval":"day","limit":5}',
    b'{"question":"funnel","steps":["type:view","type:buy data.n>1"],"window":3600.5,"by":["data.a\\"b"]}',
    b'{"question":"retention","first":"type:view","back":"-type:view","interval":"month","periods":60}',
    b'{"from":"2026-11-01T00:00:00Z","to":"2026-11-28T00:00:00.5+01:00","interval":"hour","measure":"p99","field":"n"}',
    b'{"from":"0001-01-01T00:00:00Z","to":"9999-12-31T23:59:59Z","interval":"month","measure":"users"}',
)
STATEMENTS = (
    b"SELECT service, count(*) FROM events WHERE time > now() - INTERVAL 7 DAY GROUP BY ALL ORDER BY 2 DESC LIMIT 5",
    b"WITH x AS (COPY events TO 'a.parquet' (use_tmp_file false)) SELECT * FROM x",
    b"WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t, 'a.csv'",
    b"SELECT list_transform([1], x -> x + 1), {'a': 1}, data->>'b', CAST(1 AS INT) FROM events JOIN metrics USING (a)",
    b"PIVOT events ON type; SELECT * FROM read_text('/etc/passwd')",
    b"SELECT * FROM main.events, duckdb_settings(), information_schema.tables, (SHOW TABLES), (DESCRIBE events)",
    b"FROM events SELECT * EXCLUDE (a) REPLACE (1 AS b), COLUMNS('c.*') QUALIFY row_number() OVER () = 1",
    b"PRAGMA version",
    b"ATTACH 'a' AS b; SET threads = 1",
    b"SELECT " + b"(" * 100 + b"1" + b")" * 100,
)
VIEWS = ("events", "metrics", "services")
PROMQL = (
    b'sum by (job) (rate(http_requests_total{job=~"a.*|b",code!="5"}[5m] offset 1m)) / on() group_left() up @ end()',
    b"histogram_quantile(0.9, sum by (le) (increase(latency_bucket[10m:1m])))",
    b'label_replace(up, "a", "$1-${b}", "job", "(.*)(?P<b>x)?") or vector(1) unless absent(x) == bool 2 ^ -1 % 3',
    b"topk(3, quantile_over_time(0.5, up[1h])) > 1e3 # c",
    b"-" * 100 + b"1",
    b"(" * 300 + b"up" + b")" * 300,
    b'{__name__=~".+", job!~"(a|b)*c"}',
    b"avg_over_time(up[99999999999y:1ms])",
    b'"\\xff\\u00e9" and 0x1F + Inf - NaN',
)
SMALL = Limits(samples=20_000, series=100, steps=100, points=200, seconds=math.inf)
PARAMETERS = (
    b"start=1700000000&end=2023-11-14T22:13:20.123456789%2B01:00&step=15s&timeout=1m&limit=2",
    b"time=1e400&lookback_delta=-5m&match[]=%7Ba%3D%22b%22%7D&match[]=up&stats=all",
    b"start=-9223372036854775808&end=9223372036854775808&step=1e-9",
    b"timeout=0x10&limit=99999999999999999999&limit_per_metric=1&metric=up&start=+5",
)
PATHS = tuple(
    f"/api/v1/{path}"
    for path in (
        *("query", "query_range", "series", "labels", "label/job/values", "query_exemplars", "format_query"),
        *("metadata", "rules", "alerts", "status/buildinfo"),
    )
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    filter_seeds = [b"%b\0%b" % (data, text) for text in FILTERS for data in DATA]
    return [
        Decoder("filters", _Filters(), (ValidationFailed,), filter_seeds, size=1_500),
        Decoder("explore", _Explore(), DECODED, (*QUESTIONS, *forms(QUESTIONS[0], b"")[4:])),
        Decoder("SQL", _Sql(), (QueryRefused,), STATEMENTS),
        Decoder("PromQL", _Promql(), (QueryError,), PROMQL),
        Decoder("durations", lambda data: milliseconds(data.decode(errors="replace")), (QueryError,), (b"1h5m", b".5")),
        Decoder("parameters of PromQL", _Parameters(), (), _parameter_seeds(), size=1024),
    ]


class _Syntax:
    """Stands in for a connection to DuckDB: checks the syntax of statements, and finds nothing."""

    def __init__(self) -> None:
        self._database = duckdb.connect()

    def execute(self, query: str, parameters: list[Any]) -> Self:
        assert self.are_queries(query), query  # without its tree, which takes much longer
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return []

    def tree(self, sql: str) -> dict[str, Any]:
        """The statements of a text, as DuckDB parses them."""
        (found,) = self._database.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone() or ("",)
        tree: dict[str, Any] = json.loads(found)
        return tree

    def are_queries(self, sql: str) -> bool:
        """Whether each statement is a SELECT."""
        statements = self._database.extract_statements(sql)
        return all(statement.type == duckdb.StatementType.SELECT for statement in statements)


class _Filters:
    """Finds an event by a filter in memory, and makes SQL of it. The input: `data` of the event, NUL, the filter."""

    def __init__(self) -> None:
        self._duckdb, self._events = _Syntax(), SchemaDecoder(EventSchema(), NewEvent, 1)

    def __call__(self, data: bytes) -> None:
        document, _, text = data.partition(b"\0")
        node = parse(text.decode(errors="replace"), EVENT_FIELDS)
        try:
            event = self._events.one(b'{"type":"purchase","service":"shop","id":"gift","data":%b}' % document)
        except DECODED:
            event = NewEvent("purchase", "shop", None, None, "gift", Raw(b"{}"))
        kept = Kept([event], NOW.timestamp(), NOW.isoformat(), "0123456789-18c2f0a1b2c-7-")
        event_selection(node)(kept, kept.places())
        columns = SqlColumns({path: quoted_name(path) for path in paths(node)})
        parameters = Parameters()
        condition = rendered_sql(node, EVENT_FIELDS, columns, parameters)
        self._duckdb.execute(f"SELECT 1 FROM events WHERE {condition}", parameters.values)


class _Explore:
    """Makes the statements of a question."""

    def __init__(self) -> None:
        self._duckdb, self._source = _Syntax(), PlainSource(connect())

    def __call__(self, data: bytes) -> None:
        question = question_of(data, NOW)
        answered(question, self._source, self._duckdb)


class _Sql:
    """Checks a statement; one that is allowed is a single SELECT, also by what DuckDB says."""

    def __init__(self) -> None:
        self._duckdb = _Syntax()

    def __call__(self, data: bytes) -> None:
        sql = data.decode(errors="replace")
        check_query(self._duckdb.tree(sql), VIEWS)
        assert self._duckdb.are_queries(sql)


class _Promql:
    """Parses a query, and evaluates it over a few series, at one time and at several."""

    def __init__(self) -> None:
        kept = storage(
            'up{job="a"} 1+1x20', 'up{job="b"} _ 5 NaN stale', 'http_requests_total{job="a",code="2"} 0+60x20',
            'latency_bucket{le="1"} 0+1x20', 'latency_bucket{le="+Inf"} 0+2x20',
        )  # fmt: skip
        self._engine = PromqlEngine(kept)

    def __call__(self, data: bytes) -> None:
        query = data.decode(errors="replace")
        parse_promql(query)
        selectors_of(query)
        budget = Budget(SMALL)
        for answer in (
            self._engine.instant(query, 600_000, budget),
            self._engine.range(query, 0, 900_000, 60_000, budget),
        ):
            json.loads(b"".join(rendered(answer)))


class _Parameters:
    """Asks Prometheus' API with these parameters, behind a short query. The first byte chooses the path."""

    def __init__(self) -> None:
        self._client = create_app(Settings(data_dir=""), FakeClock()).test_client(use_cookies=False)
        self._client.post("/metrics", json={"name": "up", "value": 1})

    def __call__(self, data: bytes) -> None:
        path, query = PATHS[data[0] % len(PATHS) if data else 0], data[1:].decode("latin-1")
        answers = (
            self._client.get(path, query_string=f"query=up&{quote(query, safe='=&%+')}"),
            self._client.post(path, data=b"query=up&" + data[1:], content_type="application/x-www-form-urlencoded"),
        )
        for answer in answers:
            assert answer.status_code < 500, answer.text


def _parameter_seeds() -> list[bytes]:
    return [bytes([place]) + query for place in range(len(PATHS)) for query in PARAMETERS]
