"""Log lines and spans that are too much, and questions about them that ask for more than they should."""

import gzip
import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

from cramjam import snappy

from tests.attacks.payloads import JSON, MIB, head, post

FAR = "from=2000-01-01T00:00:00Z&to=2999-01-01T00:00:00Z"
LINES, SPANS = "/v1/logs", "/v1/traces"
PROTOBUF = "Content-Type: application/x-protobuf"
DEEP = 100_000


def of_resource(kind: str, scope: str, records: str, given: list[dict[str, Any]], service: str = "flooded") -> bytes:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return json.dumps({kind: [{"resource": resource, scope: [{records: given}]}]}).encode()


def line_body(*given: dict[str, Any]) -> bytes:
    return of_resource("resourceLogs", "scopeLogs", "logRecords", list(given))


def span(number: int, **more: Any) -> dict[str, Any]:
    """A span of OTLP that begins now."""
    now = time.time_ns()
    ids = {"traceId": f"{number // 100 + 1:032x}", "spanId": f"{number + 1:016x}"}
    return {**ids, "name": "GET /", "kind": 2, "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1), **more}


def span_body(*given: dict[str, Any], service: str = "flooded") -> bytes:
    return of_resource("resourceSpans", "scopeSpans", "spans", list(given), service)


def field(number: int, content: bytes) -> bytes:
    """A field of protobuf with a length."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def nested(depth: int, inner: bytes = b"") -> bytes:
    """A field of protobuf that holds itself so many times, as AnyValue's arrays do."""
    for _ in range(depth):
        for field in (b"\x0a", b"\x2a"):  # ArrayValue.values, AnyValue.array_value
            inner = field + _varint(len(inner)) + inner
    return inner


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def wrong_records() -> Iterator[bytes]:
    """Bombs, deep values, huge attributes and texts, and full batches of invalid records."""
    deep = b'{"arrayValue":{"values":[' * DEEP + b'{"intValue":"1"}' + b"]}}" * DEEP
    plain = line_body({"body": {"stringValue": "BODY"}}).replace(b'{"stringValue": "BODY"}', deep)
    yield post(LINES, plain)
    for field in (b"\x0a", b"\x12"):
        value = nested(3_000)
        record = b"\x2a" + _varint(len(value)) + value
        for _ in range(2):
            record = b"\x12" + _varint(len(record)) + record
        body = field + _varint(len(record)) + record
        yield post(LINES, body, media_type=PROTOBUF)
        yield post(SPANS, body, media_type=PROTOBUF)
    many = [{"key": f"k{n}", "value": {"stringValue": "v"}} for n in range(100_000)]
    same = [{"key": "k", "value": {"stringValue": "v" * 100}}] * 50_000
    for attributes in (many, same):
        yield post(LINES, line_body({"body": {"stringValue": "x"}, "attributes": attributes}))
        yield post(SPANS, span_body(span(1, attributes=attributes)))
    yield post(SPANS, span_body(span(2, events=[{"name": "e"}] * 100_000, links=[{}] * 100_000)))
    yield post(LINES, line_body({"body": {"stringValue": '{"a":' * 300_000}}))
    yield post(LINES, line_body({"body": {"stringValue": "x" * 9 * MIB}}))
    for path in (LINES, SPANS, "/logs", "/spans", "/loki/api/v1/push"):
        yield post(path, gzip.compress(bytes(100 * MIB), 9), "Content-Encoding: gzip")
        yield post(path, b"[" * (10 * MIB - 100))
        yield post(path, bytes(100_000), media_type=PROTOBUF)
    yield post("/loki/api/v1/push", bytes(snappy.compress_raw(bytes(100 * MIB))), media_type=PROTOBUF)
    labels = json.dumps({"streams": [{"stream": {f"k{n}": "v" for n in range(100_000)}, "values": [["1", "x"]]}]})
    yield post("/loki/api/v1/push", labels.encode())
    yield post("/logs", b"\n".join([b"{"] * 10_000), media_type="Content-Type: application/x-ndjson")
    yield post("/logs", json.dumps([{"service": "s", "time": "tomorrow", "body": 1}] * 10_000).encode())
    yield post("/spans", json.dumps([{"trace_id": "0" * 32}] * 10_000).encode())


def failed(number: int) -> dict[str, Any]:
    """An event of a span: an exception of a type of its own."""
    return {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": f"E{number}"}}]}


def record_names() -> Iterator[bytes]:
    """Lines and spans with new services, labels, names, traces, users and texts of errors."""
    for start in count(0, 500):
        numbers = range(start, start + 500)
        lines = [
            {
                "stream": {"service_name": f"s{n}", f"k{n}": "v"},
                "values": [[str(time.time_ns()), f"failed {n} user_id=u{n}"]],
            }
            for n in numbers
        ]
        yield post("/loki/api/v1/push", json.dumps({"streams": lines}).encode())
        failed = [
            {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": f"E{n}"}}]}
            for n in numbers
        ]
        spans = [
            span(n, name=f"op{n}", status={"code": 2}, events=[event], parentSpanId=f"{n + 7:016x}")
            for n, event in zip(numbers, failed, strict=True)
        ]
        yield post(SPANS, span_body(*spans))
        yield post(SPANS, span_body(*[span(n) for n in numbers], service=f"s{start}"))


def record_questions() -> Iterator[bytes]:
    """LogQL, filters of lines, and traces, over everything, with hard patterns, many groups and many steps."""
    all_ = '{service_name=~".+"}'
    for query in (
        f'{all_} |~ "(a|b|c|v1.*)*(x{{900}}){{900}}"',
        f'{all_} |~ "(x+x+)+y" !~ "(.*)*z"',
        f'{all_} | regexp "(?P<a>.*)(?P<b>.*)(?P<c>.*)(?P<d>.*)" | a="x"',
        f'{all_} | pattern "<a> <b> <c> <d>" | line_format "{{{{ repeat 10000 .a }}}}"',
        f"{all_} | json | logfmt | unpack | b != c",
        f"sum by (user_id, n) (count_over_time({all_} | logfmt [90d]))",
        f"quantile_over_time(0.9, {all_} | logfmt | unwrap n [30d]) by (user_id)",
        f"topk(1000, sum by (user_id) (rate({all_} | logfmt [1h])))",
        f'label_replace(rate({all_} | logfmt [1h]), "a", "$1$1$1$1", "user_id", "(.*)")',
        " or ".join([f"rate({all_}[5m])"] * 100),
        "(" * 4_000,
    ):
        asked = f"query={quote(query)}"
        yield head("GET", f"/loki/api/v1/query?{asked}", "Connection: close")
        yield head("GET", f"/loki/api/v1/query_range?{asked}&limit=5000&since=720h"[:8_000], "Connection: close")
        yield head(
            "GET", f"/loki/api/v1/query_range?{asked}&start=0&end=2000000000&step=1"[:8_000], "Connection: close"
        )
    for path in (
        "/logs?limit=1000&q=" + quote("body:*a*a*a*a*a*a*a*c*"),
        "/logs?limit=1000&q=" + quote(" OR ".join(f"k{n}:v" for n in range(49))),
        *(f"/logs/{kind}?{FAR}" for kind in ("histogram", "fields", "patterns")),
        "/logs/histogram?step=1&" + FAR,
        *(f"/traces?limit=1000&order={order}&{FAR}" for order in ("newest", "slowest", "spread")),
        f"/traces?attributes.k=v&min_duration_ms=99999&{FAR}",
        f"/services/graph?{FAR}",
        "/api/traces?service=flooded&limit=1000&start=0",
        "/api/dependencies?endTs=2000000000000&lookback=2000000000000",
        "/loki/api/v1/series?start=0&match[]=" + quote(all_),
        "/loki/api/v1/index/volume?start=0&limit=5000&query=" + quote(all_),
        "/loki/api/v1/detected_labels?start=0",
    ):
        yield head("GET", path, "Connection: close")


__all__ = ["JSON", "record_names", "record_questions", "wrong_records"]
