"""Decoders of questions about log lines: filters, LogQL with its pipelines, patterns, and queries of live lines."""

from analytics.errors import AnalyticsError
from analytics.filters.line_sql import line_sql
from analytics.filters.lines import line_test
from analytics.filters.names import LINE_FIELDS
from analytics.filters.parse import parse
from analytics.live.line_tails import LiveLine
from analytics.live.tail_selects import filter_select, logql_select
from analytics.log_lines import NewLogLine
from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.nodes import LogSelection
from analytics.logql.parse import parse as parse_logql
from analytics.logql.rules import LOGQL as LOGQL_LANGUAGE
from analytics.logql.rules import compared_with_number, has_logql, longest_look_back, may_hold_on_little, parse_rule
from analytics.logql.select import selected
from analytics.promql.errors import BadQuery
from analytics.query.records.line_patterns import pattern_of
from analytics.query.records.log_source import RecordLogSource
from tests.fuzz.decoder import Decoder
from tests.query.records.memory_source import NANOSECONDS, MemorySource, line

FILTERS = (
    b'level>=warn service:s* attributes.http.status>=500 OR -resource."k8s.pod":p1',
    b"severity:17 body:*a*b* time>=2026-11-28T12:00:00.25+01:00 \xc3\x9f",
    b"level:eror",
)
LOGQL = (
    b'sum by (level, x) (rate({service_name=~"s.*", app!="b"} |= "took" != `x` [5m] offset 1m)) / 2 > bool 1',
    b'{app="shop"} |~ "(?i)a+" | json a="b[0].c" | logfmt --strict | x >= 5ms and y != "z" or z < 20KB | drop a, b="c"',
    b'quantile_over_time(0.9, {a="b"} | pattern `<a> - <_>` | unwrap duration(a) | __error__="" [1m]) by (a)',
    b'topk(3, count_over_time({a="b"} | regexp "(?P<x>\\\\w+)" | line_format "{{.x | trunc 3 | repeat 9}}" [1m]))',
    b'{a="b"} | label_format a=b, c=`{{range $i, $x := (fromJson "[1]")}}{{$i}}{{end}}{{__timestamp__ | date "2006"}}`',
    b"vector(1) or (sum(bytes_over_time({}[1h])) and on (a) absent_over_time({b=~`(`}[1s]))",
    b"{" * 50,
    b"(" * 200,
)
TEXTS = (
    b'{"a":{"b":[1,{"c":2.50}]},"took":"5ms"}',
    b'level=warn took=5ms msg="a \\"b\\"" x',
    b"10.0.0.1 - \"GET /\" 4bf92f3577b34da6a3ce929d0e0e4736 'x' 0xFF 1.5e9\xff\0",
)


class _Logql:
    """Evaluates queries over three lines, and reads them as queries of live lines."""

    def __init__(self) -> None:
        self._source = RecordLogSource(
            MemorySource(
                [line(at * 10, text.decode("latin-1"), resource={"app": "shop"}) for at, text in enumerate(TEXTS)]
            )
        )

    def __call__(self, data: bytes) -> None:
        text = data.decode("latin-1")
        budget = LogBudget(LogLimits(), lambda: None, lambda: 0.0)
        found = parse_logql(text)
        if isinstance(found, LogSelection):
            selected(self._source, found, 0, 60 * NANOSECONDS, budget, limit=10, is_ascending=True)
        else:
            MetricQuery(self._source, Steps(0, 60 * NANOSECONDS, 20 * NANOSECONDS), budget).value(found)


def _filter(data: bytes) -> None:
    node = parse(data.decode("latin-1"), LINE_FIELDS)
    line_sql(node)
    line_test(node)(NewLogLine("shop", "paid"), "id", 0)


def _tail(data: bytes) -> None:
    live = LiveLine(NewLogLine("shop", "paid"), "id", 0)
    make = logql_select if data[:1] == b"L" else filter_select
    make(data[1:].decode("latin-1"), frozenset())(live)


def _rule(data: bytes) -> None:
    """Read an expression of a rule, which may be PromQL or LogQL, and ask about it what rules do."""
    text = data.decode("latin-1")
    for language in (None, LOGQL_LANGUAGE):
        node = parse_rule(text, language)
        compared_with_number(node)
        may_hold_on_little(node)
        longest_look_back(node)
        has_logql(node)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    tails = (b"Lquery=%7Ba%3D%22b%22%7D+%7C+json&limit=5", b"Fq=level%3Aerror&service=shop&severity=warn", b"Fq=(")
    return [
        Decoder("filters of log lines", _filter, (AnalyticsError,), FILTERS, size=1200),
        Decoder("LogQL", _Logql(), (BadLogQuery,), LOGQL, size=1024),
        Decoder("LogQL in rules", _rule, (BadQuery,), LOGQL, size=1024),
        Decoder("queries of live lines", _tail, (AnalyticsError,), tails, size=512),
        Decoder("patterns of lines", lambda data: pattern_of(data.decode("latin-1")), (), TEXTS),
    ]
