"""Log lines and spans coming in, journal on: the service's CPU for each, beside parsing alone."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import median

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.client import Connection, encode
from bench.plan import Plan, interleaved
from bench.servers import BenchError, Server, journalled
from bench.table import Row

SPANS, LINES, BATCHES = 512, 1_000, 40
PROTOBUF, JSON = "application/x-protobuf", "application/json"
FIXED = {"http.request.method": "GET", "http.route": "/product/{id}", "server.address": "shop", "url.scheme": "http"}


def rows(plan: Plan) -> list[Row]:
    random = Random(4)
    kinds: dict[str, tuple[str, str, Callable[[], bytes], int, float, Callable[[bytes], object]]] = {
        "a span, OTLP protobuf, 512 a batch": (
            *("/v1/traces", PROTOBUF, lambda: _message(random).SerializeToString(), SPANS, 12.0),
            ExportTraceServiceRequest.FromString,
        ),
        "a span, OTLP JSON, 512 a batch": (
            *("/v1/traces", JSON, lambda: orjson.dumps(span_message(random, SPANS)), SPANS, 15.0),
            orjson.loads,
        ),
        "a log line, Loki JSON, 1,000 a batch": (
            *("/loki/api/v1/push", JSON, lambda: orjson.dumps(line_push(random)), LINES, 6.0),
            orjson.loads,
        ),
    }
    found = []
    with journalled(logs_rate=0, spans_rate=0) as server:
        runs = {
            what: partial(_cost, server, path, form, make, count, parse)
            for what, (path, form, make, count, _, parse) in kinds.items()
        }
        for what, costs in interleaved(plan, runs).items():
            ours, alone = (median(each[place] for each in costs) for place in (0, 1))
            limit = kinds[what][4]
            target = f"≤ {limit:g} µs CPU"
            shown = f"{ours:.1f} µs CPU", f"{alone:.1f} µs CPU", f"{ours / alone:.1f} ×"
            found.append(Row(what, shown[0], "", "parsing alone", shown[1], "", shown[2], target, ours <= limit))
    return found


def _cost(
    server: Server, path: str, form: str, make: Callable[[], bytes], count: int, parse: Callable[[bytes], object]
) -> tuple[float, float]:
    """CPU of an item in the service, and of parsing it here, in µs."""
    bodies = [make() for _ in range(BATCHES)]
    with Connection(server.port) as connection:
        requests = [encode("POST", path, body, form) for body in bodies]
        before = server.cpu()
        for request in requests:
            if connection.send(request).status not in (200, 204):
                raise BenchError(f"a batch for {path} was not accepted")
        used = server.cpu() - before
    started = time.process_time()
    for body in bodies:
        parse(body)
    return used * 1e6 / (BATCHES * count), (time.process_time() - started) * 1e6 / (BATCHES * count)


def _attributes(random: Random) -> dict[str, str]:
    return {**FIXED, "url.path": f"/product/{random.randrange(500)}", "user.id": f"u{random.randrange(10_000)}"}


def _message(random: Random) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_spans.add()
    for kind, start, end in _times(random, SPANS):
        span = scope.spans.add(
            trace_id=random.randbytes(16),
            span_id=random.randbytes(8),
            name="GET /product/{id}",
            kind=kind,  # type: ignore[arg-type]
            start_time_unix_nano=start,
            end_time_unix_nano=end,
        )
        for name, text in _attributes(random).items():
            span.attributes.add(key=name).value.string_value = text
        span.attributes.add(key="http.response.status_code").value.int_value = 200
    return request


def span_message(random: Random, count: int, prefix: str = "") -> dict[str, object]:
    """A batch of spans whose ids begin with the prefix."""
    spans = [
        {
            "traceId": prefix + random.randbytes(16).hex()[len(prefix) :],
            "spanId": prefix + random.randbytes(8).hex()[len(prefix) :],
            "name": "GET /product/{id}",
            "kind": kind,
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(end),
            "attributes": [
                *({"key": name, "value": {"stringValue": text}} for name, text in _attributes(random).items()),
                {"key": "http.response.status_code", "value": {"intValue": "200"}},
            ],
        }
        for kind, start, end in _times(random, count)
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}


def _times(random: Random, count: int) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of the spans of a batch; every fourth is a request."""
    now = time.time_ns()
    for number in range(count):
        start = now - 10**9 + number
        yield 3 if number % 4 else 2, start, start + random.randrange(10**8)


def line_push(random: Random) -> dict[str, object]:
    """A push of lines."""
    now = time.time_ns()
    lines = [
        [str(now + number), f"GET /product/{random.randrange(500)} 200 {random.randrange(999)} ms user=u{number}"]
        for number in range(LINES)
    ]
    return {"streams": [{"stream": {"app": "shop", "env": "prod", "level": "info"}, "values": lines}]}
