"""Lines in JSON, logfmt and text as items of `POST /logs`, their times, and stack traces."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analytics.feed.ship.items import Format, LineItems, encoded, service_of
from analytics.feed.ship.joining import WAIT_SECONDS, Joined, JoinedLine
from analytics.feed.ship.tail import FileLine
from analytics.feed.ship.times import time_in, time_of

NOW = datetime(2024, 1, 15, 12, tzinfo=UTC).timestamp()
TAIL: Any = SimpleNamespace(path=Path("/var/log/checkout.log"))
HALF_PAST_TEN = int(datetime(2024, 1, 15, 10, 30, tzinfo=UTC).timestamp())


def item(text: str, form: Format = "auto") -> dict[str, Any]:
    made = LineItems(form, None, {"host.name": "web-1"}, None).item(
        JoinedLine(TAIL, "token", 10, 20, text.encode()), NOW
    )
    assert made["attributes"].pop("host.name") == "web-1"
    assert made["attributes"].pop("log.file.path") == "/var/log/checkout.log"
    return made


def test_a_line_of_text_is_the_message() -> None:
    assert item("hello = world") == {
        "service": "checkout",
        "id": "token-10-20",
        "message": "hello = world",
        "attributes": {},
    }


def test_fields_of_json_are_found_by_their_usual_names() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    ids = f'"trace_id":"{trace}","span_id":"{span}"'
    found = item(
        '{"time":"2024-01-15T10:30:00.25Z","level":"WARN","msg":"slow","logger":"pay",'
        f'{ids},"order":7,"nested":{{"a":[1]}}}}'
    )
    assert {name: found[name] for name in ("message", "level", "logger", "trace_id", "span_id", "timestamp")} == {
        "message": "slow",
        "level": "WARN",
        "logger": "pay",
        "trace_id": trace,
        "span_id": span,
        "timestamp": HALF_PAST_TEN * 10**9 + 250_000_000,
    }
    assert found["attributes"] == {"order": 7, "nested": {"a": [1]}}


def test_fields_that_are_not_what_they_are_called_stay_fields() -> None:
    found = item('{"message":3,"time":"soon","trace_id":"x","level":null,"msg":"text"}')
    assert found["message"] == "text"
    assert found["attributes"] == {"message": 3, "time": "soon", "trace_id": "x", "level": None}


@pytest.mark.parametrize(("level", "sent"), [(30, "30"), (10, "10"), (9, 9), (17, 17), (200, "200"), ("info", "info")])
def test_numbers_of_levels_are_those_of_their_library(level: object, sent: object) -> None:
    assert item(f'{{"level":{level!r},"msg":"a"}}'.replace("'", '"'))["level"] == sent


def test_docker_lines_have_their_text_in_log() -> None:
    found = item('{"log":"started\\n","stream":"stdout","time":"2024-01-15T10:30:00.000000001Z"}')
    assert (found["message"], found["timestamp"]) == ("started", HALF_PAST_TEN * 10**9 + 1)


def test_logfmt_is_detected_and_can_be_forced() -> None:
    found = item(r'ts=2024-01-15T10:30:00Z level=error msg="no \"room\"" took=3ms')
    assert (found["level"], found["message"], found["attributes"]) == ("error", 'no "room"', {"took": "3ms"})
    assert item("see a=1 b=2")["attributes"] == {}
    assert item("see a=1 b=2", "logfmt") | {"id": ""} == {
        "service": "checkout",
        "id": "",
        "message": "see a=1 b=2",
        "attributes": {"a": "1", "b": "2"},
    }
    assert item("level=info msg=hi", "text")["message"] == "level=info msg=hi"


@pytest.mark.parametrize("text", ["{", '{"a":', "[1]", "{" * 5000, '"text"', "\x00\x1b[31mred", '{"a":1}}'])
def test_what_is_not_an_object_is_text(text: str) -> None:
    assert item(text)["message"] == text


def test_large_objects_are_sent_as_text() -> None:
    line = '{"msg":"m","blob":"%s"}' % ("x" * 40_000)
    assert (item(line)["message"], item(line)["attributes"]) == (line, {})


def test_invalid_utf8_and_lone_surrogates_can_be_sent() -> None:
    items = LineItems("auto", "shop", {}, None)
    for raw in (b"caf\xe9", b'{"msg":"\\ud800","n":NaN}'):
        assert encoded(items.item(JoinedLine(TAIL, "t", 0, 1, raw), NOW)).isascii()


def test_a_time_far_ahead_is_not_sent() -> None:
    assert "timestamp" not in item("2024-01-15T13:00:00Z wrong zone")
    assert "timestamp" in item("2024-01-15T12:03:00Z almost now")


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15T10:30:00Z started",
        "[2024-01-15 11:30:00,000+0100] started",
        "INFO 2024/01/15 10:30:00 UTC started",
        '127.0.0.1 - - [15/Jan/2024:05:30:00 -0500] "GET / HTTP/1.1" 200 5',
    ],
)
def test_the_time_of_a_text_is_found(text: str) -> None:
    assert time_in(text, NOW) == HALF_PAST_TEN * 10**9


def test_times_without_a_zone_are_those_of_this_machine() -> None:
    local = datetime.fromtimestamp(HALF_PAST_TEN)  # noqa: DTZ006
    assert time_in(f"{local:%Y-%m-%d %H:%M:%S},500 started", NOW) == HALF_PAST_TEN * 10**9 + 500_000_000
    assert time_in(f"{local:%b %d %H:%M:%S} host app[1]: started", NOW) == HALF_PAST_TEN * 10**9


def test_a_syslog_time_of_december_is_of_last_year_in_january() -> None:
    found = time_in("Dec 31 10:00:00 host app: x", NOW)
    assert found is not None
    assert datetime.fromtimestamp(found / 1e9, UTC).year == 2023


@pytest.mark.parametrize("text", ["", "due on 2024-01-15 10:30:00", "2024-13-45T10:30:00Z x", "Foo 15 10:30:00 x"])
def test_texts_without_a_time_have_none(text: str) -> None:
    assert time_in(text, NOW) is None


@pytest.mark.parametrize("value", [1705314600, 1705314600.0, "1705314600", 1705314600_000, 1705314600_000_000_000])
def test_the_size_of_a_number_tells_its_unit(value: object) -> None:
    assert time_of(value) == HALF_PAST_TEN * 10**9


@pytest.mark.parametrize("value", [True, None, 5, -1, 1e300, "x", "1" * 500, [], "nan"])
def test_other_values_are_no_times(value: object) -> None:
    assert time_of(value) is None


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("checkout.log", "checkout"),
        ("checkout.log.1", "checkout"),
        ("checkout-2024-01-15.log", "checkout"),
        ("checkout_20240115T10.log", "checkout"),
        (".hidden.log", "hidden"),
        ("2024.log", "2024"),
        ("...", "unknown"),
    ],
)
def test_a_service_is_called_as_its_file(name: str, service: str) -> None:
    assert service_of(name) == service


PYTHON = """\
ERROR it failed
Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: bad

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
KeyError: 'x'"""
JAVA = """\
java.lang.IllegalStateException: no
\tat a.B.c(B.java:1)
Caused by: java.io.IOException: disk
\t... 3 more"""


def joined(text: str) -> list[str]:
    lines, at = [], 0
    for raw in text.encode().split(b"\n"):
        lines.append(FileLine(TAIL, "token", at, at + len(raw) + 1, raw))
        at += len(raw) + 1
    joiner = Joined()
    entries = joiner.join(lines, 0.0) + joiner.rest()
    assert entries[0].start == 0
    assert entries[-1].end == at
    assert all(one.end == other.start for one, other in pairwise(entries))
    return [entry.raw.decode() for entry in entries]


@pytest.mark.parametrize("trace", [PYTHON, JAVA])
def test_a_stack_trace_is_one_entry(trace: str) -> None:
    assert joined(f"before\n{trace}\nafter\nlast") == ["before", trace, "after", "last"]


def test_lines_that_follow_a_trace_are_not_part_of_it() -> None:
    assert joined("Traceback (most recent call last):\n  frame\nE: x\nINFO a\n  more\nINFO b") == [
        "Traceback (most recent call last):\n  frame\nE: x",
        "INFO a\n  more",
        "INFO b",
    ]


def test_the_last_line_waits_a_while_for_others() -> None:
    joiner = Joined()
    first, second = FileLine(TAIL, "t", 0, 2, b"a"), FileLine(TAIL, "t", 2, 5, b" b")
    assert joiner.join([first], 0.0) == []
    assert joiner.join([second], WAIT_SECONDS / 2) == []
    assert joiner.join([], WAIT_SECONDS) == []
    assert joiner.join([], WAIT_SECONDS * 1.5) == [JoinedLine(TAIL, "t", 0, 5, b"a\n b")]


def test_lines_of_two_files_are_not_joined() -> None:
    joiner = Joined()
    other: Any = SimpleNamespace(path=Path("/other.log"))
    joiner.join([FileLine(TAIL, "t", 0, 2, b"a"), FileLine(other, "u", 2, 5, b" b")], 0.0)
    assert [entry.raw for entry in joiner.rest()] == [b"a", b" b"]
