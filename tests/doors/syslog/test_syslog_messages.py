"""Messages of syslog, in the two formats and in what is sent instead."""

from datetime import UTC, datetime

import pytest

from analytics.doors.syslog.framing import LARGEST, Frames
from analytics.doors.syslog.messages import parse

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC).timestamp()
NEW = b'<165>1 2026-01-01T00:00:59.5Z web-1 shop 12 ID47 [ex@1 a="b \\"c\\]" d="e"][o p="q"] \xef\xbb\xbfpaid \xc3\xa9'


def test_a_message_of_rfc_5424_is_read() -> None:
    found = parse(NEW, NOW)
    assert (found.facility, found.severity, found.host, found.program) == (20, 5, "web-1", "shop")
    assert (found.process, found.id, found.text) == ("12", "ID47", "paid é")
    assert found.data == {"ex@1.a": 'b "c]', "ex@1.d": "e", "o.p": "q"}
    assert found.time == int((NOW - 0.5) * 1e9)


def test_what_is_nil_is_empty() -> None:
    found = parse(b"<14>1 - - - - - - hello", NOW)
    assert (found.time, found.host, found.program, found.process, found.id, found.text) == (
        None,
        "",
        "",
        "",
        "",
        "hello",
    )


@pytest.mark.parametrize(
    ("data", "host", "program", "process", "text"),
    [
        (b"<13>Dec 31 23:59:58 web-1 shop[12]: paid", "web-1", "shop", "12", "paid"),
        (b"<13>Dec 31 23:59:58 shop: paid", "", "shop", "", "paid"),
        (b"<13>2026-01-01T00:00:59+00:00 web-1 shop: paid\n", "web-1", "shop", "", "paid"),
        (b"<13>shop: paid", "", "shop", "", "paid"),
        (b"no priority at all", "", "", "", "no priority at all"),
        (b"<999>odd", "", "", "", "<999>odd"),
    ],
)
def test_older_messages_are_read(data: bytes, host: str, program: str, process: str, text: str) -> None:
    found = parse(data, NOW)
    assert (found.host, found.program, found.process, found.text) == (host, program, process, text)


def test_a_time_without_a_year_is_in_the_nearest_year() -> None:
    assert parse(b"<13>Dec 31 23:59:58 a b: c", NOW).time == int((NOW - 62) * 1e9)
    assert parse(b"<13>Feb 30 23:59:58 a b: c", NOW).time is None


@pytest.mark.parametrize("data", [b"", b"<", b"<13>", b"<13>1 ", b"\x00\xff\xfe", b"<13>1 x y z 1 2 [a b", NEW[:60]])
def test_any_bytes_are_a_message(data: bytes) -> None:
    assert parse(data, NOW).facility == (20 if data == NEW[:60] else 1)


def cut(data: bytes, size: int) -> list[bytes]:
    frames = Frames()
    found = [message for start in range(0, len(data), size) for message in frames.feed(data[start : start + size])]
    rest = frames.rest()
    return [*found, rest] if rest else found


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_both_framings_are_cut_wherever_the_stream_is(size: int) -> None:
    assert cut(b"8 <13>a\nb\n<13>two\n\n6 <13>xy<13>last", size) == [b"<13>a\nb\n", b"<13>two", b"<13>xy", b"<13>last"]


@pytest.mark.parametrize("size", [999, 50_000])
def test_a_message_that_is_too_long_is_cut_and_the_next_one_read(size: int) -> None:
    long = b"<13>" + b"x" * (2 * LARGEST)
    assert [len(each) for each in cut(b"%d %b" % (len(long), long) + b"<13>next\n", size)] == [LARGEST, 8]
    assert [len(each) for each in cut(long + b"\n<13>next\n", size)][1:] == [8]
