"""Access log lines: fields of valid ones, and reasons why damaged ones are refused."""

import gzip
from pathlib import Path

import pytest

from analytics.feed.logfile import LogFile, LogUnreadableError
from analytics.feed.logs.ncsa import Ncsa
from analytics.feed.logs.record import MAX_LINE, DamagedLineError, Record

HEAD = b'192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 203'
COMBINED = HEAD + b' "http://example.com/" "Mozilla/5.0 (X11; Linux)"'
TIME = 1_431_857_103


def request(line: bytes) -> bytes:
    return b'192.0.2.7 - - [17/May/2015:10:05:03 +0000] "' + line + b'" 400 0 "-" "-"'


def at(when: bytes) -> bytes:
    return b"192.0.2.7 - - [" + when + b'] "GET / HTTP/1.1" 200 5'


def test_a_combined_line_gives_every_field() -> None:
    assert Ncsa()(COMBINED + b"\r\n") == Record(
        "192.0.2.7", TIME, "GET", "/a", 200, 203, "http://example.com/", "Mozilla/5.0 (X11; Linux)"
    )


def test_a_common_line_has_no_referrer_and_no_agent() -> None:
    assert Ncsa()(HEAD) == Record("192.0.2.7", TIME, "GET", "/a", 200, 203, None, None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (COMBINED.replace(b"192.0.2.7", b"2001:db8::1"), {"address": "2001:db8::1"}),
        (COMBINED.replace(b"192.0.2.7", b"crawler.example.com"), {"address": "crawler.example.com"}),
        (HEAD.replace(b"- -", b"- frank"), {"path": "/a"}),
        (HEAD.replace(b"- -", b"- Frank N. Furter"), {"path": "/a"}),
        (HEAD.replace(b"203", b"-"), {"size": 0}),
        (HEAD.replace(b"HTTP/1.1", b"HTTP/2.0"), {"method": "GET", "path": "/a"}),
        (HEAD.replace(b" HTTP/1.1", b""), {"method": "GET", "path": "/a"}),
        (HEAD.replace(b"GET /a?b=c", b"OPTIONS *"), {"method": "OPTIONS", "path": "*"}),
        (HEAD.replace(b"/a?b=c", b"/?"), {"path": "/"}),
        (HEAD.replace(b"/a?b=c", b"/%C3%A9?x=/y?z"), {"path": "/%C3%A9"}),
        (request(b"-"), {"method": None, "path": None, "status": 400}),
        (request(b""), {"method": None, "path": None}),
        (request(rb"\x16\x03\x01\x02"), {"method": None, "path": None}),
        (request(rb"GET /say\"hi\" HTTP/1.1"), {"path": '/say"hi"'}),
        (request(rb"GET /c\\d HTTP/1.1"), {"path": "/c\\d"}),
        (request(rb"GET /\x00 HTTP/1.1"), {"path": r"/\x00"}),
        (HEAD + rb' "-" "a \"quoted\" agent"', {"referrer": None, "agent": 'a "quoted" agent'}),
        (HEAD + b' "" ""', {"referrer": None, "agent": None}),
        (HEAD + "\u00a0 ".encode().strip() + b' "-" "-"', None),
        (HEAD + ' "-" "Bücher"'.encode(), {"agent": "Bücher"}),
        (HEAD + b' "-" "caf\xe9"', {"agent": r"caf\xe9"}),
        (COMBINED + b' "198.51.100.9"', {"status": 200}),
        (COMBINED + b' 0.005 "up" -', {"status": 200}),
        (at(b"17/May/2015:12:05:03 +0200"), {"time": TIME}),
        (at(b"17/May/2015:02:35:03 -0730"), {"time": TIME}),
        (at(b"01/Jan/1970:00:00:00 +0000"), {"time": 0}),
        (at(b"29/Feb/2024:00:00:00 +0000"), {"time": 1_709_164_800}),
    ],
)
def test_lines_of_real_logs_are_read(line: bytes, expected: dict[str, object] | None) -> None:
    if expected is None:
        with pytest.raises(DamagedLineError):
            Ncsa()(line)
        return
    record = Ncsa()(line)._asdict()
    assert {key: record[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (COMBINED[:-1], "the quotes around the user agent are never closed"),
        (COMBINED[:90], "the quotes around the referrer are never closed"),
        (HEAD[:55], "the quotes around the request line are never closed"),
        (HEAD + b' "-"', "line ends before its user agent"),
        (HEAD[:-8], "line ends before its status"),
        (HEAD[:-4], "line ends before its size"),
        (HEAD.replace(b"200", b"2000"), "expected status, found '2000 203'"),
        (HEAD.replace(b"203", b"-5"), "expected size, found '-5'"),
        (HEAD.replace(b"[", b"").replace(b"]", b""), "line ends before its time"),
        (
            COMBINED.replace(b"- -", b"- Frank N. Furter")[:-1],
            "the quotes around the user agent are never closed",
        ),
        (b"192.0.2.7", "line ends before its identity"),
        (b"\0\0\0\0", "expected client address, found "),
        (b'"GET / HTTP/1.1" 200 5', "expected client address, found "),
        (HEAD + b' "-" "a" "b', "expected extra fields, found "),
        (at(b"17/Mai/2015:10:05:03 +0000"), "time '17/Mai/2015:10:05:03 +0000' is not like "),
        (at(b"2015-05-17T10:05:03Z"), "time '2015-05-17T10:05:03Z' is not like "),
        (at(b"17/May/2015:10:05:03"), "time '17/May/2015:10:05:03' is not like "),
        (at(b"30/Feb/2015:10:05:03 +0000"), "time '30/Feb/2015:10:05:03 +0000' does not exist: "),
        (at(b"17/May/2015:25:05:03 +0000"), "time '17/May/2015:25:05:03 +0000' does not exist: "),
        (at(b"17/May/2015:10:05:03 +9900"), "time '17/May/2015:10:05:03 +9900' does not exist: "),
        (at(b"17/May/0000:10:05:03 +0000"), "time '17/May/0000:10:05:03 +0000' does not exist: "),
        (HEAD + b' "-" "' + b"x" * MAX_LINE + b'"', "line is longer than 65,536 bytes"),
    ],
)
def test_a_damaged_line_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    with pytest.raises(DamagedLineError) as damage:
        Ncsa()(line)
    assert str(damage.value).startswith(reason)


def test_a_hostile_line_does_not_take_long() -> None:
    # Ambiguous fields would make a backtracking pattern run for minutes.
    for line in (
        HEAD + b' "' + b'\\"' * 30_000,
        b"a - " + b"b " * 30_000,
        HEAD + b' "-" "-"' + b' "x' * 20_001,
    ):
        with pytest.raises(DamagedLineError):
            Ncsa()(line)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["access.log", "access.log.gz"])
def test_lines_are_numbered_as_editors_do_in_plain_and_gzipped_files(
    tmp_path: Path, pack: type[bytes], name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(b"one\n\n \r\nfour\r\n" + b"x" * 25 + b"\nsix"))
    with LogFile(path) as log:
        assert [(line.number, line.raw) for line in log.lines(10)] == [
            (1, b"one\n"),
            (4, b"four\r\n"),
            (5, b"x" * 11),
            (6, b"six"),
        ]
        assert log.position == log.size == path.stat().st_size


@pytest.mark.parametrize("length", [9, 10, 11, 21, 22, 23])
def test_the_rest_of_a_long_line_is_not_read_as_a_line(tmp_path: Path, length: int) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"x" * length + b"\nnext\n")
    with LogFile(path) as log:
        lines = list(log.lines(10))
    assert [line.number for line in lines] == [1, 2]
    assert lines[1].raw == b"next\n"
    assert (len(lines[0].raw.rstrip(b"\n")) > 10) == (length > 10)


def test_a_truncated_gzip_file_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(b"line\n" * 10)[:-9])
    with (
        LogFile(path) as log,
        pytest.raises(LogUnreadableError, match=r"cannot read .*access.log.gz beyond line"),
    ):
        list(log.lines(100))


def test_a_missing_file_is_one_plain_error(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadableError, match=r"cannot open .*: No such file"):
        LogFile(tmp_path / "none.log")
