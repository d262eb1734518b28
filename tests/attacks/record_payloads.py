"""Log lines and spans that are too much, and questions about them that ask for more than they should."""

import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

from tests.attacks.payloads import MIB, head, post

FAR = "from=2000-01-01T00:00:00Z&to=2999-01-01T00:00:00Z"
LINES, SPANS, PUSHES = "/v1/logs", "/v1/traces", "/loki/api/v1/push"
ALL = '{service_name=~".+"}'


def of_resource(kind: str, scope: str, records: str, given: list[dict[str, Any]]) -> bytes:
    """A request of OTLP in JSON with the records of one service."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "flooded"}}]}
    return json.dumps({kind: [{"resource": resource, scope: [{records: given}]}]}).encode()


def lines(*given: dict[str, Any]) -> bytes:
    """A request of OTLP with log records."""
    return of_resource("resourceLogs", "scopeLogs", "logRecords", list(given))


def spans(*given: dict[str, Any]) -> bytes:
    """A request of OTLP with spans."""
    return of_resource("resourceSpans", "scopeSpans", "spans", list(given))


def span(number: int, **more: Any) -> dict[str, Any]:
    """A span that begins now; a hundred are a trace."""
    now = time.time_ns()
    ids = {"traceId": f"{number // 100 + 1:032x}", "spanId": f"{number + 1:016x}"}
    return {**ids, "name": "GET /", "kind": 2, "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1), **more}


def wrong_records() -> Iterator[bytes]:
    """Empty and deep parts, huge attributes and texts, and full batches of invalid records."""
    for kind, path in (("resourceLogs", LINES), ("resourceSpans", SPANS), ("resourceMetrics", "/v1/metrics")):
        yield post(path, b'{"%b":[%b{}]}' % (kind.encode(), b"{}," * (3 * MIB)))
    yield post(PUSHES, b'{"streams":[%b{}]}' % (b'{"stream":{},"values":[]},' * 350_000))
    deep = b'{"arrayValue":{"values":[' * 100_000 + b'{"intValue":"1"}' + b"]}}" * 100_000
    yield post(LINES, lines({"body": "BODY"}).replace(b'"BODY"', deep))
    attributes = [{"key": f"k{n}", "value": {"stringValue": "v"}} for n in range(100_000)]
    yield post(LINES, lines({"body": {"stringValue": "x" * MIB}, "attributes": attributes}))
    yield post(SPANS, spans(span(1, attributes=attributes, events=[{"name": "e"}] * 100_000, links=[{}] * 100_000)))
    yield post("/logs", json.dumps([{"service": "s", "time": "tomorrow", "body": 1}] * 10_000).encode())
    objects = {"service": "s", "attributes": {"a": [{}] * 300}}  # no message
    yield post("/logs", json.dumps([objects] * 7_000).encode())
    yield post("/spans", json.dumps([{"trace_id": "0" * 32}] * 10_000).encode())
    many = b"{%b}" % b",".join(b'"%d":0' % number for number in range(700_000))
    event = b'{"service":"s","name":"n","events":[{"name":"e","time":1,"attributes":%b}]}' % many
    for path, body in (("/spans", event), ("/logs", b'{"service":"s","message":"m","attributes":%b}' % many)):
        yield post(path, body)
    yield post("/write", b"\n" * (10 * MIB - 100))
    yield post("/api/v1/import/prometheus", b" \n" * (5 * MIB - 100))


def records() -> Iterator[bytes]:
    """Lines and spans with new services, labels, names, traces, users and errors."""
    for start in count(0, 500):
        numbers = range(start, start + 500)
        streams = [
            {"stream": {"service_name": f"s{n}", f"k{n}": "v"}, "values": [[str(time.time_ns()), f"{n} user_id=u{n}"]]}
            for n in numbers
        ]
        yield post(PUSHES, json.dumps({"streams": streams}).encode())
        failed = [
            {"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": f"E{n}"}}]}
            for n in numbers
        ]
        given = [
            span(n, name=f"op{n}", status={"code": 2}, events=[event], parentSpanId=f"{n + 7:016x}")
            for n, event in zip(numbers, failed, strict=True)
        ]
        yield post(SPANS, spans(*given))


def record_questions() -> Iterator[bytes]:
    """LogQL, and searches of lines and traces, over everything: hard patterns, many groups and many steps."""
    for query in (
        f'{ALL} |~ "(a|b|c|v1.*)*(x{{900}}){{900}}"',
        f'{ALL} | regexp "(?P<a>.*)(?P<b>.*)(?P<c>.*)(?P<d>.*)" | a="x"',
        f'{ALL} | pattern "<a> <b> <c> <d>" | line_format "{{{{ repeat 10000 .a }}}}"',
        f"sum by (user_id, n) (count_over_time({ALL} | logfmt [90d]))",
        f"quantile_over_time(0.9, {ALL} | logfmt | unwrap n [30d]) by (user_id)",
        f'label_replace(rate({ALL} | logfmt [1h]), "a", "$1$1$1$1", "user_id", "(.*)")',
        " or ".join([f"rate({ALL}[5m])"] * 100),
        "(" * 4_000,
    ):
        asked = f"/loki/api/v1/query_range?query={quote(query)}"[:7_000]
        yield head("GET", f"{asked}&limit=5000&since=720h", "Connection: close")
        yield head("GET", f"{asked}&start=0&end=2000000000&step=1", "Connection: close")
    for path in (
        "/logs?limit=1000&q=" + quote("body:*a*a*a*a*a*a*a*c*"),
        *(f"/logs/{kind}?{FAR}" for kind in ("histogram", "fields", "patterns")),
        *(f"/traces?limit=1000&order={order}&{FAR}" for order in ("newest", "slowest", "spread")),
        f"/traces?attributes.k=v&min_duration_ms=99999&{FAR}",
        f"/services/graph?{FAR}",
        "/api/traces?service=flooded&limit=1000&start=0",
        "/api/dependencies?endTs=2000000000000&lookback=2000000000000",
        "/loki/api/v1/series?start=0&match[]=" + quote(ALL),
        "/loki/api/v1/index/volume?start=0&limit=5000&query=" + quote(ALL),
    ):
        yield head("GET", path, "Connection: close")
