"""Decoders of the text of log lines: what LogQL finds in it, and what `analytics ship` makes of it."""

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from analytics.feed.ship.items import FORMATS, LineItems, encoded
from analytics.feed.ship.joining import EachAlone, Joined, JoinedLine
from analytics.feed.ship.tail import FileLine, FileTail
from analytics.logql.budget import LogBudget, LogLimits
from analytics.logql.entry import LogEntry
from analytics.logql.errors import BadLogQuery
from analytics.logql.metrics import MetricQuery, Steps
from analytics.logql.nodes import LogSelection
from analytics.logql.parse import parse
from analytics.logql.select import selected
from analytics.logql.source import LogCell, Wanted
from tests.fuzz.decoder import Decoder

NANOSECONDS = 1_000_000_000

NOW = 1_700_000_000.0
QUERIES = tuple(
    f'{{app="shop"}} {stages}'
    for stages in (
        "| json",
        '| json a="b[0].c", d="[\\"e\\"]"',
        "| logfmt --strict | took > 5ms",
        "| logfmt | status >= 500 and size < 20KB",
        '| pattern `<ip> - <_> "<method> <_>" <status>` | status = `200`',
        "| regexp `(?P<a>\\w+)=(?P<b>\\S*)`",
        "| unpack | decolorize",
        "| line_format `{{.a | trunc 3 | repeat 9}}{{ __line__ | fromJson }}`",
    )
)
METRICS = (
    'sum by (a) (sum_over_time({app="shop"} | logfmt | unwrap duration(took) [1m]))',
    'max_over_time({app="shop"} | json | unwrap bytes(a) [1m])',
    'quantile_over_time(0.9, {app="shop"} | json | unwrap a [1m])',
)
LINES = (
    b'{"a":{"b":[1,{"c":2.50}]},"took":"5ms","_entry":"x","time":"2023-11-14T22:13:20.5Z","level":30,"msg":"x"}',
    b'level=warn took=5ms a=1.5e3 msg="a \\"b\\"" x ts=1700000000000 trace_id=5b8efff798038103d269b633813fc60c',
    b'10.0.0.1 - "GET /" 200 \x1b[31mred\x1b[0m [14/Nov/2023:22:13:20 +0100]',
    b"<13>Nov 14 22:13:20 web-1 shop: paid",
    b'2023-11-14 22:13:20,123 x\nTraceback (most recent call last):\n  File "a"\nValueError: b\n\tat c\n... 5 more',
    b'{"a":' * 30,
    b'a="' + b"\\" * 60,
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    return [
        Decoder("lines in LogQL", _in_logql(), (), LINES),
        Decoder("shipped lines", _shipped(), (), LINES),
    ]


class _OneLine:
    """A source of log lines with one, whose text may be changed."""

    text = ""

    def entries(self, wanted: Wanted, budget: LogBudget, *, is_ascending: bool) -> Iterator[LogEntry]:
        yield LogEntry.of(NANOSECONDS, self.text, {"app": "shop"}, {})

    def cells(
        self, wanted: Wanted, part: int, by: Collection[str] | None, budget: LogBudget, *, counts_bytes: bool
    ) -> Sequence[LogCell]:
        raise AssertionError("queries with stages read entries")


def _in_logql() -> Callable[[bytes], None]:
    """Ask queries about one line with this text; they are right, so that none is refused but for its values."""
    source = _OneLine()
    queries, metrics = [parse(query) for query in QUERIES], [parse(query) for query in METRICS]

    def ask(data: bytes) -> None:
        source.text = data.decode(errors="replace")
        for query in queries:
            assert isinstance(query, LogSelection)
            selected(source, query, 0, 60 * NANOSECONDS, _budget(), limit=10, is_ascending=True)
        for number in metrics:
            assert not isinstance(number, LogSelection)
            try:
                MetricQuery(source, Steps(0, 60 * NANOSECONDS, 60 * NANOSECONDS), _budget()).value(number)
            except BadLogQuery:  # a value that is no number
                continue

    return ask


def _budget() -> LogBudget:
    return LogBudget(LogLimits(), lambda: None, lambda: 0.0)


def _shipped() -> Callable[[bytes], None]:
    """Make items of the lines of a file, in each format, joined and alone."""
    with open(os.memfd_create("input"), "w+b", buffering=0) as file:
        tail = FileTail(file, Path("/var/log/shop.log"), "token", 0, "")
    makers = [LineItems(form, None, {}, None) for form in FORMATS]

    def ship(data: bytes) -> None:
        lines, start = [], 0
        for raw in data.split(b"\n"):
            end = start + len(raw) + 1
            lines.append(FileLine(tail, "token", start, end, raw))
            start = end
        joined = Joined()
        entries: list[JoinedLine] = [*joined.join(lines, 0.0), *joined.rest(), *EachAlone().join(lines, 0.0)]
        for maker in makers:
            for entry in entries:
                item = maker.item(entry, NOW)
                for each in (item, maker.as_text(entry, item)):
                    assert json.loads(encoded(each))["id"]

    return ship
