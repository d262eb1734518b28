"""Readers of files: imports and their progress, access logs and their formats, and configuration."""

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

import zstandard

from analytics.catalog.bad_document import BadDocument
from analytics.catalog.bodies import item_of
from analytics.catalog.collections import COLLECTIONS
from analytics.catalog.documents import read
from analytics.errors import ValidationFailed
from analytics.feed.bookmark import Bookmark
from analytics.feed.content import detect_content
from analytics.feed.importing import NotImportableError, check, sendable
from analytics.feed.logfile import LogFile, LogUnreadableError
from analytics.feed.logs.formats import DETECTION_LINES, LOG_FORMATS, detect_format, explain_unreadable, parser_of
from analytics.feed.logs.record import MAX_LINE, DamagedLineError, Parser
from analytics.feed.logs.template import UnknownFormatError
from analytics.feed.receipt import Receipt
from analytics.feed.replay import Plan, address_hasher, to_event
from tests.fuzz.decoder import Decoder

MOST_LINES = 500
"""How many lines of a file are decoded; compressed files have as many as they like."""
PLAN = Plan("web", address_hasher(b"salt"), 0, "run")
CSV = (
    b"\xef\xbb\xbftype;service;user_id;timestamp;id;data;received_at\r\n"
    b'view;shop;\'=1;2023-11-14T22:13:20Z;1;"{""a"":[1,\n2]}";\r\nview;"open'
)
NDJSON = b'{"type":"view","service":"shop","data":{"a":[1]},"received_at":"x"}\n\n{"type":"view","service"\n[1]\n'
DOCUMENT = b'{"metrics": [{"name":"a","value":1.5,"tags":{"b":"c]"}}, {"name":]}, ,"x\\"",1], "count": 5}'
COMMON = (
    b"203.0.113.7 - ann [17/May/2015:10:05:03 +0200] "
    b'"GET /a?b=\\xC3\\xBC HTTP/1.1" 200 12 "-" "Mozilla \\"x\\"" rt=0.5\n'
)
JSON_LINE = (
    b'{"ts":1431857103.5,"request":{"remote_ip":"203.0.113.7","method":"GET","uri":"/a",'
    b'"headers":{"User-Agent":["x"]}},"status":200,"duration":0.5}\n'
)
W3C = (
    b"#Fields: date time c-ip cs-method cs-uri-stem sc-status time-taken cs(User-Agent)\n"
    b"2015-05-17 10:05:03 2001:db8::1 GET /a 200 5 a+b%20c\n"
)
ALB = (
    b"https 2015-05-17T10:05:03.1Z app/lb/1 203.0.113.7:2817 10.0.0.1:80 0.1 0.2 -1 200 200 34 366 "
    b'"GET https://shop.example:443/a HTTP/1.1" "curl" - -\n'
)
VHOST = b'shop.example:443 203.0.113.7, 10.0.0.1 - - [17/May/2015:10:05:03 +0000] "-" 408 - "-" "-"\n'
LINES = (COMMON * 3, JSON_LINE, W3C, ALB, VHOST)
YAML = (
    b"annotations:\n  a-1:\n    text: 'Deploy \xc3\xa9'\n    time: 2023-11-14T22:13:20Z\n    tags: [a, \"b\", 1e5, ~]\n"
)
RULE_FILE = (
    b"groups:\n- name: a b\n  rules:\n  - {alert: A, expr: up == 0}\n- name: c\n  rules:\nrules:\n  d: {rules: []}\n"
)
OPENSLO = (
    b"apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec:\n  service: shop\n  indicatorRef: b\n"
    b"  timeWindow: [{duration: 30d, isRolling: true}]\n  objectives: [{target: 0.99}, {targetPercent: 99.9}]\n---\n"
    b"apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: b}\nspec:\n  ratioMetric:\n"
    b"    good: &x {metricSource: {type: Prometheus, spec: {query: 'sum(rate(a[{{.window}}]))'}}}\n    total: *x\n"
)
NESTED = (b'{"annotations":{"a":{"text":%b}}}' % (b"[" * depth + b"]" * depth) for depth in (60, 900, 980, 3_000))
DOCUMENTS = (b'{"annotations":{"a":{"text":"Deploy","tags":["a"],"time":"2023-11-14T22:13:20Z"}}}', *NESTED)
FORMAT_STRINGS = (
    *LOG_FORMATS,
    "log_format main '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent $request_time';",
    'log_format j escape=json \'{"time":"$time_iso8601","ip":"$remote_addr","s":"${status}"}\';',
    'LogFormat "%{X-Forwarded-For}i %h %l %u %t \\"%r\\" %>s %b %{ms}T" combined',
    "%a %{%d/%b/%Y:%H:%M:%S}t %{%z}t %{%F %T %%}t %{begin:usec}t%D %U%q%^FB",
    "$remote_addr$time_local$request$http_user_agent$remote_user $msec:$request_uri",
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    rows = (CSV, NDJSON, DOCUMENT, b"[" + NDJSON, "type,service\nview,é\n".encode("utf-16"))
    packers: tuple[Callable[[bytes], bytes], ...] = (gzip.compress, bz2.compress, lzma.compress)
    packers = (*packers, zstandard.ZstdCompressor().compress)
    packed = tuple(pack(data) for pack in packers for data in (CSV, COMMON, bytes(1 << 16)))
    refused = (LogUnreadableError, NotImportableError)
    saved = {"file": "id", "services": {"http://localhost": {"lines": 5, "accepted": 5}}}
    receipt = {"accepted": 1, "duplicates": 0, "rejected": 1, "errors": [{"index": 1, "code": "c", "field": None}]}
    damaged = (DamagedLineError, UnknownFormatError)
    strings = [text.encode() + b"\n" + line for text in FORMAT_STRINGS for line in LINES]
    return [
        Decoder("imported files", _in_file(_import), refused, (*rows, *packed[::3])),
        Decoder("access logs", _in_file(_replay), (LogUnreadableError,), (*LINES, *packed[1::3])),
        Decoder("compressed files", _in_file(_read), (LogUnreadableError,), packed),
        *(
            Decoder(f"{name} lines", _line(name), (DamagedLineError,), LINES)
            for name in LOG_FORMATS
            if name != "combined"
        ),
        Decoder("log formats", _format, damaged, strings, size=1024),
        Decoder(
            "configuration in YAML",
            partial(_document, "a.yaml"),
            (BadDocument,),
            (YAML, RULE_FILE, OPENSLO, b"a: &b [*b]\n---\n!x y"),
        ),
        Decoder("configuration in JSON", partial(_document, "a.json"), (BadDocument,), DOCUMENTS, size=8192),
        Decoder("progress of imports", _in_file(_bookmark), (), (json.dumps(saved).encode(), b"[" * 2_000)),
        Decoder("receipts", _receipt, (ValueError, RecursionError), (json.dumps(receipt).encode(),)),
    ]


def _in_file(decode: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Decode a file, in memory, with the input in it."""

    def write(data: bytes) -> object:
        with open(os.memfd_create("input"), "wb", buffering=0) as file:
            file.write(data)
            return decode(Path(f"/proc/self/fd/{file.fileno()}"))

    return write


def _import(path: Path) -> None:
    content = detect_content(path)
    check(content, content.kind or "events")
    with LogFile(path) as file:
        for row in islice(content.rows(file), MOST_LINES):
            assert row.problem is not None or b"\n" not in sendable(row.text, "id")


def _lines(path: Path) -> Iterator[bytes]:
    with LogFile(path) as file:
        yield from (line.raw for line in islice(file.lines(MAX_LINE), MOST_LINES))


def _replay(path: Path) -> None:
    lines = list(_lines(path))
    parse = detect_format(lines[:DETECTION_LINES])
    for number, line in enumerate(lines):
        explain_unreadable(line)
        try:
            _event(parse, line, number)
        except DamagedLineError:
            continue


def _event(parse: Parser, line: bytes, number: int = 1) -> None:
    record = parse(line)
    if record is not None:
        json.dumps(to_event(record, number, PLAN)).encode()


def _read(path: Path) -> None:
    with LogFile(path) as file:
        for chunk in islice(file.chunks(1 << 16), 16):
            assert len(chunk) <= 1 << 16


def _line(name: str) -> Callable[[bytes], None]:
    """Parse the lines of the input in this format."""

    def decode(data: bytes) -> None:
        parse = parser_of(name)
        for line in data.splitlines(keepends=True)[:20]:
            try:
                _event(parse, line)
            except DamagedLineError:
                continue

    return decode


def _format(data: bytes) -> None:
    """Compile the format string before the first line end, and parse the rest by it."""
    text, _, rest = data.partition(b"\n")
    _event(parser_of(text.decode(errors="replace")), rest)


def _document(name: str, data: bytes) -> None:
    """Read a configuration file, and the resources in it."""
    document = read(data, name)
    for collection, named in document.collections.items():
        for resource, body in named.items() if collection in COLLECTIONS else ():
            with suppress(ValidationFailed):
                item_of(COLLECTIONS[collection], resource, body, 1_700_000_000.0, None)


def _bookmark(path: Path) -> None:
    progress = Bookmark(path, "http://localhost", "id")
    progress.path = path
    progress.read()


def _receipt(data: bytes) -> object:
    return Receipt.from_json(json.loads(data))
