"""Questions about the log lines and spans in memory."""

from typing import Any

import gevent
import pytest
from msgspec import Raw

from analytics.errors import AnalyticsError, ClientLeft
from analytics.kinds import LOGS, SPANS
from analytics.log_lines import NewLogLine
from analytics.query.reader import Reader
from analytics.query.records.memory import MemoryRecords
from analytics.query.records.source import LINE_COLUMNS, SPAN_COLUMNS, RecordQuery
from analytics.spans import NewSpan
from analytics.threads import Threads
from tests.fakes import FakeClock
from tests.state.rig import NOON, Rig, batch

NOW = NOON * 1_000_000_000
FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class Memory(Rig):
    """A service without a store, and the source of its records."""

    def __init__(self, **limits: Any) -> None:
        super().__init__(**limits)
        threads = Threads()
        self.monotonic = FakeClock(0.0)
        self.source = MemoryRecords(Reader(self.state, self.clock, threads.in_loop), threads, self.monotonic.monotonic)

    def lines(self, *lines: NewLogLine) -> None:
        self.recorder.record_batch(LOGS, batch(*lines))

    def ask(self, statement: str, *parameters: Any, kind: str = "logs") -> list[list[Any]]:
        return self.source.ask(RecordQuery(kind, statement, parameters))


def test_a_line_is_found_with_all_columns_as_soon_as_it_is_recorded() -> None:
    memory = Memory()
    given = NewLogLine(
        "shop", "paid", NOW - 5, 9, "INFO", "a" * 32, "b" * 16, Raw(b'{"n":1}'), Raw(b'{"host":"x"}'), "pay", "own"
    )
    memory.lines(given)
    (row,) = memory.ask(f"SELECT {', '.join(LINE_COLUMNS[1:])} FROM records")
    fields = ["shop", 9, "INFO", "paid", "a" * 32, "b" * 16, '{"n":1}', '{"host":"x"}', "pay"]
    assert row == ["own", NOW - 5, NOW, *fields]
    memory.lines(NewLogLine("shop", "sent"))
    ((id_, time),) = memory.ask("SELECT id, time FROM records WHERE body = ?", "sent")
    newest = next(memory.state.rings["logs"].newest_first())
    assert (id_, time) == (newest.kept.id(newest.place), NOW)


def test_a_span_is_found_with_all_columns() -> None:
    memory = Memory()
    span = NewSpan(
        "a" * 32,
        "b" * 16,
        "shop",
        "GET /",
        NOW,
        2**64,
        "c" * 16,
        2,
        1,
        "bad",
        "/",
        "u",
        Raw(b'{"a":1}'),
        Raw(b'{"b":2}'),
        Raw(b'[{"name":"e"}]'),
        Raw(b"[{}]"),
        "lib",
        "k=v",
    )
    memory.recorder.record_batch(SPANS, batch(span))
    (row,) = memory.ask(f"SELECT {', '.join(SPAN_COLUMNS[1:])} FROM records", kind="spans")
    texts = ['{"a":1}', '{"b":2}', '[{"name":"e"}]', "[{}]", "lib", "k=v"]
    names = ["a" * 32, "b" * 16, "c" * 16, "shop", "GET /"]
    assert row == [NOW, *names, NOW, 2**63 - 1, 2, 1, "bad", "/", "u", *texts]


def test_records_that_the_ring_dropped_are_not_found() -> None:
    memory = Memory(logs_ring=3)
    for number in range(5):
        memory.lines(NewLogLine("shop", f"{number}"))
        memory.ask("SELECT 1 FROM records")
    assert memory.ask("SELECT body FROM records ORDER BY seq") == [["2"], ["3"], ["4"]]
    memory.lines(*(NewLogLine("shop", f"{number}") for number in range(5, 2_010)))
    assert memory.ask("SELECT body FROM records ORDER BY seq DESC") == [["2009"], ["2008"], ["2007"]]


def test_a_question_that_takes_too_long_is_given_up() -> None:
    memory = Memory()
    times = iter(range(0, 1_000_000, 10))
    memory.monotonic.monotonic = lambda: float(next(times))  # type: ignore[method-assign]
    memory.source._monotonic = memory.monotonic.monotonic
    with pytest.raises(AnalyticsError, match="longer than 30 s") as raised:
        memory.ask(FOREVER)
    assert (raised.value.status, raised.value.code) == (503, "query_timeout")


def test_a_question_is_cancelled_when_its_client_leaves_and_the_loop_goes_on_meanwhile() -> None:
    memory = Memory()
    turns = 0

    def count() -> None:
        nonlocal turns
        while True:
            gevent.sleep(0.001)
            turns += 1

    counting = gevent.spawn(count)
    with pytest.raises(ClientLeft):
        memory.source.ask(RecordQuery("logs", FOREVER), lambda: turns < 5)
    counting.kill()
    memory.lines(NewLogLine("shop", "later"))
    assert memory.ask("SELECT body FROM records") == [["later"]]
