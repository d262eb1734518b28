"""Replays: log lines become events, at their pace, and every line is counted."""

from collections.abc import Sequence
from typing import Any

import pytest

from analytics.feed.logfile import Line
from analytics.feed.logs.ncsa import Ncsa
from analytics.feed.receipt import ItemError, Receipt
from analytics.feed.replay import LogPace, Plan, address_hasher, as_fast_as_possible, latest_time, replay, to_event
from analytics.feed.summary import ImportSummary


def line(number: int, second: int, rest: str = '"GET /a?b HTTP/1.1" 200 5 "-" "-"') -> Line:
    return Line(number, f"192.0.2.{number} - - [17/May/2015:10:05:{second:02d} +0000] {rest}\n".encode())


PLAN = Plan("web", str, shift=86_400, run="run")


def test_a_record_becomes_a_request_event() -> None:
    raw = line(7, 3, '"GET /a?b HTTP/1.1" 404 5 "http://example.com/" "x"').raw
    assert to_event(Ncsa()(raw), 7, PLAN) == {
        "type": "request",
        "service": "web",
        "user_id": "192.0.2.7",
        "timestamp": "2015-05-18T10:05:03Z",
        "id": "run-7",
        "data": {
            "status": 404,
            "bytes": 5,
            "endpoint": "/a",
            "method": "GET",
            "referrer": "http://example.com/",
        },
    }


def test_a_request_that_is_not_http_has_no_endpoint() -> None:
    event = to_event(Ncsa()(line(1, 0, '"-" 408 -').raw), 1, PLAN)
    assert event["data"] == {"status": 408, "bytes": 0}


def test_a_hash_distinguishes_visitors_and_depends_on_the_salt() -> None:
    one, other = address_hasher(b"salt"), address_hasher(b"s" * 100)
    assert one("192.0.2.1") == address_hasher(b"salt")("192.0.2.1")
    assert len({one("192.0.2.1"), one("192.0.2.2"), other("192.0.2.1"), other("192.0.2.2")}) == 4
    assert len(one("::1")) == 16


def test_the_latest_time_is_found_among_unordered_and_damaged_lines() -> None:
    lines = [line(1, 5), line(2, 9), line(3, 7), line(5, 59, '"GET / HTTP/1.1')]
    assert latest_time(lines, Ncsa()) == (1_431_857_109, 5)
    assert latest_time([], Ncsa()) == (None, 0)


def test_every_line_is_accounted_for_by_its_number() -> None:
    batches: list[Sequence[dict[str, Any]]] = []

    def post(events: Sequence[dict[str, Any]]) -> Receipt:
        batches.append(list(events))
        return Receipt(len(events) - 1, 0, 1, (ItemError(1, "timestamp_too_old", "too old"),))

    summary = ImportSummary()
    lines = [line(1, 1), line(3, 2, "cut"), line(4, 3), line(5, 4), line(6, 5)]
    replay(lines, Ncsa(), PLAN, post, summary, batch=2, due_in=as_fast_as_possible, sleep=pytest.fail)
    assert [[event["id"] for event in batch] for batch in batches] == [["run-1", "run-4"], ["run-5", "run-6"]]
    assert (summary.lines, summary.accepted, summary.damaged, summary.refused, summary.unconfirmed) == (5, 2, 1, 2, 0)
    assert [(rejection.line, rejection.code) for rejection in summary.rejections] == [
        (3, "damaged_line"),
        (4, "timestamp_too_old"),
        (6, "timestamp_too_old"),
    ]


def test_a_log_is_replayed_at_its_pace_and_late_lines_do_not_wait() -> None:
    now = 100.0
    posted: list[tuple[float, int]] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def post(events: Sequence[dict[str, Any]]) -> Receipt:
        posted.append((now, len(events)))
        return Receipt(len(events))

    lines = [line(1, 0), line(2, 0), line(3, 10), line(4, 4), line(5, 30)]
    replay(lines, Ncsa(), PLAN, post, ImportSummary(), batch=100, due_in=LogPace(2, lambda: now), sleep=sleep)
    assert posted == [(100.0, 2), (105.0, 2), (115.0, 1)]


def test_the_receipt_lists_the_first_lines_and_counts_the_rest() -> None:
    summary = ImportSummary(max_listed=2)
    summary.lines = 10
    for number in (3, 1, 9):
        summary.add_damaged(number, "cut")
    summary.add_receipt([4, 5, 6], Receipt(1, 0, 2, (ItemError(0, "timestamp_too_old", "too old"),)))
    text = summary.to_text(2.0, -86_400)
    assert "line 1: damaged_line: cut\nline 3: damaged_line: cut\n… and 2 more lines" in text
    assert "1 lines that the service refused without an error each" in text
    assert "rejected                5   (3 damaged, 2 refused by the service)" in text
    assert "refused for  timestamp_too_old (1)" in text
    assert "moved 1 days back" in text
    assert "unconfirmed             4" in text


def test_the_receipt_as_json_adds_up() -> None:
    summary = ImportSummary(max_listed=None)
    summary.lines = 2
    summary.add_damaged(1, "cut")
    summary.add_receipt([2], Receipt(1))
    assert summary.to_json(0.5, 2 * 86_400) == {
        "lines": 2,
        "accepted": 1,
        "duplicates": 0,
        "rejected": 1,
        "damaged": 1,
        "refused": 0,
        "unconfirmed": 0,
        "errors": [{"line": 1, "code": "damaged_line", "message": "cut"}],
        "shift_days": 2,
        "seconds": 0.5,
        "events_per_second": 2,
    }
