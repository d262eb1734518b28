"""Jaeger's query API, for Grafana's data source and other clients of Jaeger.

Source: www.jaegertracing.io/docs/1.76/apis/#http-json-unsupported
"""

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.clock import Clock
from analytics.errors import NotFound, ValidationFailed
from analytics.query.records.service_graph import service_graph
from analytics.query.records.source import RecordSource
from analytics.query.records.traces import MAX_SPANS, TraceFilter, Traces, TraceSpan
from analytics.schemas.compiled import loaded
from analytics.schemas.log_queries import FARTHEST
from analytics.schemas.traces import TracePath
from analytics.spans import NEWEST_FIRST, SPAN_FAILED, SPAN_KINDS

PATH = TracePath()
LIMIT, MOST = 20, 1_500
"""Traces in an answer: by default, and at most."""
MICROSECOND, MILLISECOND, DAY = 1_000, 1_000_000, 86_400 * 1_000_000_000
"""In nanoseconds."""
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)")


def jaeger_blueprint(source: RecordSource, clock: Clock) -> Blueprint:
    """Blueprint of Jaeger's part of /api."""
    blueprint, traces = Blueprint("jaeger", __name__, url_prefix="/api"), Traces(source)

    @blueprint.get("/services")
    def services() -> Response:
        return _listed(traces.services())

    @blueprint.get("/services/<name:service>/operations")
    def operations(service: str) -> Response:
        return _listed(list(dict.fromkeys(name for name, _ in traces.operations(service))))

    @blueprint.get("/operations")
    def operations_by_kind() -> Response:
        found = traces.operations(request.args.get("service", ""))
        kind = request.args.get("spanKind")
        return _listed([{"name": name, "spanKind": of} for name, of in found if kind in (None, "", of)])

    @blueprint.get("/traces")
    def find() -> Response:
        ids = request.args.getlist("traceID")
        if ids:
            trace_ids = [loaded(PATH, {"trace_id": each})["trace_id"] for each in ids[:MOST]]
        else:
            wanted, limit = _filter(request.args, clock)
            trace_ids = [found.trace_id for found in traces.find(wanted, NEWEST_FIRST, limit)]
        spans = sorted(traces.spans(trace_ids, 5 * MAX_SPANS), key=lambda span: span.trace_id)
        by_id = {id_: _trace(id_, list(together)) for id_, together in groupby(spans, key=lambda span: span.trace_id)}
        return _listed([by_id[id_] for id_ in trace_ids if id_ in by_id])

    @blueprint.get("/traces/<trace_id>")
    def read(trace_id: str) -> Response:
        found = traces.trace(loaded(PATH, {"trace_id": trace_id})["trace_id"])
        if found is None:
            raise NotFound("trace not found", code="unknown_trace")
        warnings = [] if found.total == len(found.spans) else [f"{found.total} spans, of which the first are here"]
        return _listed([{**_trace(found.spans[0].trace_id, found.spans), "warnings": warnings or None}])

    @blueprint.get("/dependencies")
    def dependencies() -> Response:
        end = _time(request.args, "endTs", MILLISECOND, round(clock.wall() * 1e9))
        found = service_graph(source, end - _time(request.args, "lookback", MILLISECOND, DAY), end)
        return _listed(
            [{"parent": edge.caller, "child": edge.called, "callCount": edge.requests} for edge in found.edges]
        )

    return blueprint


def _listed(data: list[Any]) -> Response:
    return answer({"data": data, "total": len(data), "limit": 0, "offset": 0, "errors": None})


def _filter(args: Mapping[str, str], clock: Clock) -> tuple[TraceFilter, int]:
    end = _time(args, "end", MICROSECOND, round((clock.wall() + 1) * 1e9))
    start = _time(args, "start", MICROSECOND, end - DAY)
    tags = _tags(args)
    failed = tags.pop("error", None) == "true"
    wanted = TraceFilter(
        args.get("service") or None,
        args.get("operation") or None,
        start,
        end,
        _duration(args, "minDuration"),
        _duration(args, "maxDuration"),
        SPAN_FAILED if failed else None,
        tags,
    )
    return wanted, min(MOST, max(1, _whole(args, "limit", LIMIT)))


def _whole(args: Mapping[str, str], name: str, default: int) -> int:
    text = args.get(name) or ""
    if not text:
        return default
    if not re.fullmatch(r"\d{1,18}", text):
        raise _wrong(name, "a whole number")
    return int(text)


def _time(args: Mapping[str, str], name: str, unit: int, default: int) -> int:
    """A time or a length of time in nanoseconds, at most `FARTHEST`; it is given in units of so many of them."""
    return min(_whole(args, name, 0) * unit, FARTHEST) if args.get(name) else default


def _duration(args: Mapping[str, str], name: str) -> int | None:
    """A duration as Go writes it, such as 1.5s, in nanoseconds."""
    text = args.get(name) or ""
    if not text:
        return None
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise _wrong(name, "a duration such as 1.5s or 200ms")
    return min(round(sum(float(number) * _UNITS[unit] for number, unit in parts)), FARTHEST)


def _tags(args: Mapping[str, str]) -> dict[str, str]:
    """Tags of a search: a JSON object of texts."""
    text = args.get("tags") or "{}"
    try:
        found = msgspec.json.decode(text, type=dict[str, str])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _wrong("tags", 'a JSON object of texts, such as {"http.status_code": "500"}') from error
    return found


def _wrong(name: str, expected: str) -> ValidationFailed:
    return ValidationFailed(f"{name}: Must be {expected}.", fields={name: [f"Must be {expected}."]})


def _trace(trace_id: str, spans: list[TraceSpan]) -> dict[str, Any]:
    processes: dict[tuple[str, bytes], str] = {}
    made = []
    for span in spans:
        name = processes.setdefault((span.service, bytes(span.resource)), f"p{len(processes) + 1}")
        made.append(_span(span, name))
    return {
        "traceID": trace_id,
        "spans": made,
        "processes": {
            name: {"serviceName": service, "tags": _pairs(resource)} for (service, resource), name in processes.items()
        },
        "warnings": None,
    }


def _span(span: TraceSpan, process: str) -> dict[str, Any]:
    tags = _pairs(bytes(span.attributes))
    tags.append(_tag("span.kind", SPAN_KINDS[span.kind]))
    if span.status == SPAN_FAILED:
        tags.append(_tag("error", value=True))
    tags += [
        _tag(name, value)
        for name, value in (("otel.status_description", span.status_message), ("otel.scope.name", span.scope))
        if value
    ]
    parents = [_reference("CHILD_OF", span.trace_id, span.parent_id)] if span.parent_id else []
    links = [_reference("FOLLOWS_FROM", link["trace_id"], link["span_id"]) for link in msgspec.json.decode(span.links)]
    return {
        "traceID": span.trace_id,
        "spanID": span.span_id,
        "operationName": span.name,
        "references": [*parents, *links],
        "startTime": span.start // MICROSECOND,
        "duration": max(0, span.end - span.start) // MICROSECOND,
        "tags": tags,
        "logs": [
            {
                "timestamp": event["time"] // MICROSECOND,
                "fields": [_tag("event", event["name"]), *(_tag(*pair) for pair in event["attributes"].items())],
            }
            for event in msgspec.json.decode(span.events)
        ],
        "processID": process,
        "warnings": None,
    }


def _reference(kind: str, trace_id: str, span_id: str) -> dict[str, str]:
    return {"refType": kind, "traceID": trace_id, "spanID": span_id}


def _pairs(attributes: bytes) -> list[dict[str, Any]]:
    return [_tag(name, value) for name, value in msgspec.json.decode(attributes).items()]


def _tag(key: str, value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"key": key, "type": "bool", "value": value}
        case int():
            return {"key": key, "type": "int64", "value": value}
        case float():
            return {"key": key, "type": "float64", "value": value}
        case str():
            return {"key": key, "type": "string", "value": value}
    return {"key": key, "type": "string", "value": msgspec.json.encode(value).decode()}
