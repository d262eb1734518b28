"""Questions about log lines and spans have the same answers in SQLite and in DuckDB."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import duckdb
import pytest
from msgspec import structs

from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.nodes import LogSelection
from analytics.logql.parse import parse
from analytics.logql.select import selected
from analytics.query.records.line_filter import LineQuestion
from analytics.query.records.line_search import LineCursor, LineSearch
from analytics.query.records.log_source import RecordLogSource
from analytics.query.records.source import LINE_COLUMNS, SPAN_COLUMNS, RecordQuery
from analytics.query.records.table import INTEGERS
from analytics.query.records.traces import TraceFilter, Traces
from analytics.spans import NEWEST_FIRST, SLOWEST_FIRST, SPREAD
from analytics.store.records.functions import RECORD_MACROS
from tests.logql.rig import LINES, budget
from tests.query.records import test_traces as traces
from tests.query.records.memory_source import NANOSECONDS, MemorySource, line

SHORT = ("severity", "kind", "status")
LINES_OF_BOTH = [
    *LINES,
    line(5, "two\nlines", severity=1, attributes={"n": 50, "text": "50.0", "a.b": True, "deep": {"x": [1]}}),
    line(6, "ÉTÉ 100%_'quoted'", severity=24, service="", attributes={"n": -0.5, "text": "a b"}, scope="pay"),
    line(7, "", severity=0, service="Shop", resource={"a-b": "x", "level": "own"}, trace_id="cd" * 16),
]


class DuckSource:
    """The same records in DuckDB."""

    def __init__(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        self._base = duckdb.connect()
        for macro in RECORD_MACROS:
            self._base.execute(f"CREATE MACRO {macro}")
        types = {name: "INTEGER" if name in SHORT else "BIGINT" for name in INTEGERS}
        columns = ", ".join(f"{name} {types.get(name, 'VARCHAR')}" for name in names)
        self._base.execute(f"CREATE TABLE records ({columns})")
        places = ", ".join("?" * len(names))
        for row in rows:
            self._base.execute(f"INSERT INTO records VALUES ({places})", row)

    def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
        """See `RecordSource`."""
        return [list(row) for row in self._base.execute(query.statement, list(query.parameters)).fetchall()]


@pytest.fixture(scope="module")
def sources() -> tuple[MemorySource, DuckSource]:
    given = [{"seq": number, "id": f"line-{number}", **each} for number, each in enumerate(LINES_OF_BOTH, 1)]
    return MemorySource(LINES_OF_BOTH), DuckSource(
        LINE_COLUMNS, [[each[name] for name in LINE_COLUMNS] for each in given]
    )


@pytest.mark.parametrize(
    "q",
    [
        *(
            "took",
            "ÉT",
            '"100%_"',
            "level>=warn",
            "level:unknown",
            "-level:error",
            "service:SHOP",
            "service:*",
            "service:s*",
        ),
        *(
            "service!=shop",
            "service<api",
            "body:*É*",
            'body:"two"',
            "attributes.n>=50",
            "attributes.n:50",
            "attributes.n<0",
        ),
        *(
            "attributes.text:50",
            "attributes.text=50",
            'attributes.text="50"',
            "attributes.a.b:true",
            "attributes.deep:*",
        ),
        *(
            "attributes.text:a\\ *",
            "resource.k8s.pod.name:P1",
            "resource.none!=1",
            "scope:pay",
            "trace_id:CD*",
            "id:line-3",
        ),
        *("time>=1970-01-01T00:00:20Z", "NOT (took OR level:warn)", 'attributes.n:1..60 OR scope="pay"'),
    ],
)
def test_filters(sources: tuple[MemorySource, DuckSource], q: str) -> None:
    expected, found = (
        [each.id for each in LineSearch(source, lambda: 100.0).page(LineQuestion(q=q), None, 100).lines]
        for source in sources
    )
    assert found == expected


def test_searches(sources: tuple[MemorySource, DuckSource]) -> None:
    def answers(source: MemorySource | DuckSource) -> list[Any]:
        search = LineSearch(source, lambda: 100.0)
        asked = LineQuestion(since=0, until=70 * NANOSECONDS)
        cursors = [LineCursor(is_after, 30 * NANOSECONDS, 3) for is_after in (False, True)]
        pages = [search.page(asked, cursor, 3) for cursor in (None, *cursors)]
        context = search.context("line-3", None, 5, 5)
        return [
            *[[each.id for each in page.lines] for page in pages],
            [structs.asdict(bucket) for bucket in search.histogram(asked, 20 * NANOSECONDS).buckets],
            [[each.id for each in part] for part in (context.before, context.after)],
            search.count(asked),
            search.rows(asked, ("severity", "body"), 4),
        ]

    expected, found = map(answers, sources)
    assert found == expected


@pytest.mark.parametrize(
    "query",
    [
        *('{service_name=~"s.+"} |= "took"', '{app="shop", level!="error"} !~ "/a" != "x" or "y"', '{level="own"}'),
        *(
            '{} |~ "two.lines"',
            '{} |~ "(?s)two.lines"',
            "{} |> `two<_>`",
            "{} |= `%_'`",
            '{a_b="x"}',
            '{service_name=""}',
        ),
        *("{} | json", '{} !~ ""', '{service_name!~"s.*"}'),
    ],
)
def test_log_queries(sources: tuple[MemorySource, DuckSource], query: str) -> None:
    tree = parse(query)
    assert isinstance(tree, LogSelection)
    expected, found = (
        [
            (entry.time, entry.line, entry.labels())
            for entry in selected(
                RecordLogSource(source), tree, 0, 10**12, budget(), limit=100, is_ascending=is_ascending
            )
        ]
        for source, is_ascending in zip(sources, (True, True), strict=True)
    )
    assert found == expected


@pytest.mark.parametrize(
    "query",
    [
        *("count_over_time({}[1m])", "sum by (service_name) (rate({}[30s]))", "sum by (level) (bytes_rate({}[1m]))"),
        *('sum by (app) (bytes_over_time({level=~"i.*"}[20s]))', "sum by (trace_id) (count_over_time({}[1m]))"),
        'max_over_time({service_name="api"} | json | unwrap duration(took) [1m])',
    ],
)
def test_metric_queries(sources: tuple[MemorySource, DuckSource], query: str) -> None:
    tree = parse(query)
    assert not isinstance(tree, LogSelection)
    steps = Steps(0, 80 * NANOSECONDS, 20 * NANOSECONDS)

    def answer(source: MemorySource | DuckSource) -> dict[Any, list[str]]:
        found = MetricQuery(RecordLogSource(source), steps, budget()).value(tree)
        assert not isinstance(found, float)
        return {key: [f"{value:.9g}" for value in values] for key, values in found.items()}

    expected, found = map(answer, sources)
    assert found == expected


@pytest.mark.parametrize("duration", [{}, {"trace_least": 2 * traces.NANOSECONDS}])
@pytest.mark.parametrize("order", [NEWEST_FIRST, SLOWEST_FIRST, SPREAD])
def test_lists_of_traces(order: str, duration: dict[str, Any]) -> None:
    of = traces.Recorded(
        *(
            traces.span(n, n * 10, end=traces.NOW + n * n * 10 * traces.MS, status=2 * (n % 5 == 0))
            for n in range(1, 60)
        )
    )
    rows = of.source.ask(RecordQuery("spans", f"SELECT {', '.join(SPAN_COLUMNS)} FROM records"))
    wanted = TraceFilter(since=traces.NOW, until=traces.NOW + 500 * traces.MS, **duration)
    expected, found = (Traces(source).find(wanted, order, 30) for source in (of.source, DuckSource(SPAN_COLUMNS, rows)))
    assert found == expected
    assert len(found) == 30
