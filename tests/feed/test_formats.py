"""Formats of access logs: by name, by format string, and detected from the first lines."""

import json
from typing import Any

import pytest

from analytics.feed.logs.formats import LOG_FORMATS, detect_format, explain_unreadable, parser_of
from analytics.feed.logs.record import DamagedLineError, Record
from analytics.feed.logs.template import UnknownFormatError

TIME = 1_795_827_600
VHOST = 'shop.example:443 203.0.113.{} - - [28/Nov/2026:01:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "UA"'
COMBINED = '203.0.113.7 - - [28/Nov/2026:01:00:00 +0000] "GET /a?b HTTP/1.1" 200 5 "-" "UA"'
WHEN = "[28/Nov/2026:01:00:00 +0000]"
CADDY = {
    "level": "info",
    "ts": TIME + 0.52,
    "logger": "http.log.access",
    "msg": "handled request",
    "request": {
        "remote_ip": "203.0.113.7",
        "remote_port": "41342",
        "client_ip": "203.0.113.7",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "localhost",
        "uri": "/a?b",
        "headers": {"User-Agent": ["curl/7.82.0"], "Referer": ["https://shop.example/"]},
    },
    "duration": 0.012,
    "size": 10900,
    "status": 200,
}
TRAEFIK = {
    "ClientHost": "203.0.113.7",
    "DownstreamContentSize": 17,
    "DownstreamStatus": 502,
    "Duration": 12_000_000,
    "RequestMethod": "POST",
    "RequestPath": "/a?b",
    "StartUTC": "2026-11-28T01:00:00.123456789Z",
    "request_User-Agent": "curl",
}
NGINX_JSON = {
    "time_iso8601": "2026-11-28T01:00:00+00:00",
    "remote_addr": "203.0.113.7",
    "request": "GET /a?b HTTP/1.1",
    "status": "503",
    "body_bytes_sent": "5",
    "request_time": "0.012",
    "http_user_agent": "curl",
}
IIS = (
    "#Software: Microsoft Internet Information Services 10.0\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
    "2026-11-28 01:00:00 10.0.0.4 GET /a b=c 443 - 203.0.113.7 Mozilla/5.0+(X11) - 200 0 0 12"
)
CLOUDFRONT = (
    "#Version: 1.0\n"
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) "
    "cs(User-Agent) cs-uri-query time-taken\n"
    "2026-11-28\t01:00:00\tFRA2-C1\t2390\t203.0.113.7\tGET\td1.cloudfront.net\t/a\t200\t-\tMozilla/5.0%20(X11)\t-\t0.012"
)
ALB = (
    "h2 2026-11-28T01:00:00.186641Z app/my-lb/50dc6c495c0c9188 203.0.113.7:2817 10.0.0.66:9000 0.001 0.010 0.001 "
    '200 200 257 456 "GET https://shop.example:443/a?b HTTP/2.0" "curl/7.46.0" ECDHE TLSv1.2 arn:x "Root=1" "-" 1'
)
NGINX = (
    "log_format timed '$remote_addr - $remote_user [$time_local] \"$request\" '\n"
    '    \'$status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time $upstream_response_time\';'
)
NGINX_LINE = COMBINED + " 0.012 -"
APACHE = r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D" timed'
APACHE_LINE = VHOST.format(7).replace("GET / ", "GET /a?b ") + " 12000"


def only(described: str | None, text: str) -> Record:
    """The only record of a text, read with a format or the detected one."""
    lines = [line.encode() for line in text.split("\n")]
    parse = detect_format(lines) if described is None else parser_of(described)
    (record,) = [record for record in map(parse, lines) if record is not None]
    return record


@pytest.mark.parametrize(
    ("described", "text", "expected"),
    [
        ("combined", COMBINED, {"path": "/a", "status": 200, "agent": "UA", "latency": None}),
        ("vhost_combined", VHOST.format(7), {"path": "/"}),
        ("json", json.dumps(CADDY), {"path": "/a", "size": 10900, "agent": "curl/7.82.0", "latency": 12.0}),
        ("json", json.dumps(TRAEFIK), {"method": "POST", "status": 502, "size": 17, "latency": 12.0}),
        ("json", json.dumps(NGINX_JSON), {"path": "/a", "status": 503, "latency": 12.0}),
        ("iis", IIS, {"path": "/a", "agent": "Mozilla/5.0 (X11)", "referrer": None, "latency": 12.0}),
        ("cloudfront", CLOUDFRONT, {"path": "/a", "size": 2390, "agent": "Mozilla/5.0 (X11)", "latency": 12.0}),
        ("alb", ALB, {"path": "/a", "method": "GET", "size": 456, "latency": 12.0}),
        (NGINX, NGINX_LINE, {"path": "/a", "latency": 12.0}),
        (APACHE, APACHE_LINE, {"path": "/a", "agent": "UA", "latency": 12.0}),
        (
            'log_format j escape=json \'{"when":"$msec","who":"$remote_addr","took":$request_time}\';',
            json.dumps({"when": f"{TIME}.123", "who": "203.0.113.7", "took": 0.012}),
            {"latency": 12.0, "path": None},
        ),
        (r"%a %t %r %>s **%T/%D**", f"203.0.113.7 {WHEN} GET /a HTTP/1.1 200 **0/12000**", {"latency": 12.0}),
        (r"%h %{begin:msec}t %D", f"203.0.113.7 {TIME}123 12000", {"latency": 12.0, "path": None}),
        ("$remote_addr:$remote_port $time_iso8601 $status", "203.0.113.7:80 2026-11-28T01:00:00Z -", {"status": None}),
        (r"%h %t %m %U %>s %{ms}T", "203.0.113.7 [28/Nov/2026:01:00:00 +0000] GET /a 200 12", {"latency": 12.0}),
    ],
    ids=str,
)
def test_each_format_is_read_by_its_name_and_common_ones_are_detected(
    described: str, text: str, expected: dict[str, Any]
) -> None:
    for way in [described, *([None] if described in LOG_FORMATS else [])]:
        record = only(way, text)
        assert (record.address, record.time) == ("203.0.113.7", TIME)
        assert {key: record._asdict()[key] for key in expected} == expected


def test_the_client_is_found_after_a_virtual_host_a_list_and_a_byte_order_mark() -> None:
    lines = [VHOST.format(number) for number in range(1, 10)]
    parse = detect_format([line.encode() for line in lines])
    assert len({parse(line.encode()).address for line in lines}) == 9  # type: ignore[union-attr]
    for line in (COMBINED.replace("203.0.113.7", "203.0.113.7, 10.0.0.1"), "\ufeff" + COMBINED):
        assert only(None, line).address == "203.0.113.7"
    for line in ("- - - " + COMBINED.partition("- - ")[2], ", 10.0.0.1 - - " + COMBINED.partition("- - ")[2]):
        with pytest.raises(DamagedLineError, match="client"):
            only("combined", line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (COMBINED + ' rt=0.002 ua="127.0.0.1:80" us="200"', {"latency": 2.0, "agent": "UA"}),
        (COMBINED + ' X-Forwarded-For="-"', {"latency": None}),
        (COMBINED + " 0.002", {"latency": None}),
        (COMBINED.replace('"-" "UA"', "- -"), {"referrer": None, "agent": None}),
        (COMBINED.replace(" 200 ", " - "), {"status": None}),
        (COMBINED.replace(" - - ", "  - - "), {"status": 200}),
        (COMBINED.replace("UA", r"say \x22hi\x22"), {"agent": 'say "hi"'}),
        (COMBINED.replace("203.0.113.7", "2001:db8::7"), {"address": "2001:db8::7"}),
        (COMBINED.replace("- -", "- Frank N. Furter"), {"status": 200, "address": "203.0.113.7"}),
        ("203.0.113.9, 10.0.0.2 " + COMBINED, {"address": "203.0.113.9"}),
        ('{"remote_addr":"203.0.113.7","time":"2026-11-28T01:00:00Z","duration":12}', {"latency": None}),
        (json.dumps(CADDY | {"ts": "2026-11-28T01:00:00Z"}), {"time": TIME, "latency": 12.0}),
    ],
)
def test_variants_of_the_combined_format_are_read(line: str, expected: dict[str, Any]) -> None:
    record = only(None, line)._asdict()
    assert {key: record[key] for key in expected} == expected


@pytest.mark.parametrize("described", ["nginx", "$status $request", "%r %>s", "combined2", ""])
def test_an_invalid_format_is_refused_with_an_explanation(described: str) -> None:
    with pytest.raises(UnknownFormatError, match=r"remote_addr|%h"):
        parser_of(described)


def test_a_key_that_is_not_json_is_refused() -> None:
    with pytest.raises(UnknownFormatError, match="has a key that is not a JSON string"):
        parser_of('{"wh\0o":"$remote_addr"}')


def test_a_time_with_two_points_is_damaged() -> None:
    with pytest.raises(DamagedLineError):
        parser_of("alb")(ALB.replace(" 0.010 ", " 0.0.10 ").encode())


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"root:x:0:0:root:/root:/bin/bash", "another format"),
        (b"\x7fELF\x02\x01\x01\x00", "binary"),
        (b'{"a": 1}', "JSON with unknown keys"),
        ("a".encode("utf-16-le"), "UTF-16"),
    ],
)
def test_unreadable_logs_are_described(first: bytes, words: str) -> None:
    assert words in explain_unreadable(first)
