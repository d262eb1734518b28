"""Live lines that are held back: in the order of their times, for as long as asked, and gone when they are erased."""

import json
from typing import Any

import pytest
from msgspec import Raw

from analytics.jobs.supervisor import Supervisor
from analytics.live import delayed_lines
from analytics.live.delayed_lines import DelayedLines
from analytics.live.line_tails import LineTail, LineTails
from analytics.live.live_line import LiveLine
from analytics.live.outbox import Outbox
from analytics.live.tail_history import AfterHistory
from analytics.live.wire.tail_encoding import line_event
from analytics.log_lines import NewLogLine
from analytics.records import Kept
from tests.fakes import FakeClock
from tests.live.test_line_tails import Reader, filtered

SECOND = 1_000_000_000


class Delayed:
    """The tails with one whose lines are held back for 3 seconds."""

    def __init__(self) -> None:
        self.clock = FakeClock(1_000.0)
        self.tails = LineTails(lambda _: None, Supervisor(self.clock), self.clock)
        self.tail = LineTail(filtered(), Outbox(), Reader(), 3)
        self.tails.join(self.tail)

    def record(self, body: str, at: float | None = None, **fields: Any) -> None:
        time = None if at is None else round(at * SECOND)
        self.tails.publish(Kept([NewLogLine("shop", body, time, **fields)], self.clock.wall(), "", "id-"))

    def taken(self) -> list[str]:
        self.tails.flush()
        events = b"".join(self.tail.outbox.take().encode_each(line_event)).decode().split("\n\n")
        return [json.loads(event.removeprefix("data: "))["body"] for event in events if event]


def test_lines_go_out_in_the_order_of_their_times_when_the_seconds_have_passed() -> None:
    made = Delayed()
    made.record("second", 1_000.0)
    assert made.taken() == []
    made.clock.advance(2)
    made.record("first, of a slow sender", 999.5)
    made.record("third", 1_001.0)
    assert made.taken() == []
    made.clock.advance(1)
    assert made.taken() == ["first, of a slow sender", "second"]
    made.record("older than the delay", 990.0)
    assert made.taken() == ["older than the delay"]
    made.clock.advance(1)
    assert made.taken() == ["third"]


def test_a_line_from_the_future_waits_no_longer_than_others() -> None:
    made = Delayed()
    made.record("ahead", 5_000.0)
    made.record("without a time")
    made.clock.advance(3)
    assert made.taken() == ["ahead", "without a time"]


def test_the_sender_waits_until_the_oldest_line_is_due() -> None:
    made = Delayed()
    made.record("a", 998.0)
    made.tails.run_once()
    assert made.tail.outbox.is_empty
    made.clock.advance(0.999)
    made.record("b")
    made.tails.run_once()
    assert made.tail.outbox.is_empty
    made.clock.advance(0.001)
    made.tails.run_once()  # nothing new: it is the time that has come
    assert not made.tail.outbox.is_empty


def test_erased_lines_that_are_held_back_reach_nobody() -> None:
    made = Delayed()
    made.record("of ann", attributes=Raw(b'{"user.id":"ann"}'))
    made.record("of bob", attributes=Raw(b'{"user.id":"bob"}'))
    assert made.taken() == []
    made.tails.erase({"ann"})
    made.clock.advance(3)
    assert made.taken() == ["of bob"]


def test_beyond_what_a_reader_may_have_waiting_the_oldest_go_out_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delayed_lines, "MAX_EVENTS", 2)
    made = Delayed()
    for at in (3, 1, 2, 4):
        made.record(str(at), 999 + at / 10)
    assert made.taken() == ["1", "2"]


def test_lines_that_came_while_those_before_were_read_are_held_back_as_well() -> None:
    delayed, outbox = DelayedLines(3), Outbox()
    lines = [LiveLine(NewLogLine("shop", body, at), "id", at) for body, at in (("b", 2), ("a", 1))]
    after = AfterHistory(lambda live: live.line.body.encode(), delayed)
    assert [after.select(live) for live in lines] == [None, None]
    after.send([b"before", b"b"], outbox)
    assert b"".join(outbox.take().encode_each(line_event)) == b"data: before\n\ndata: b\n\n"
    assert [data for _, data in delayed.take(4 * SECOND)] == [b"a"]
