"""/traces and /services/graph: traces, one trace, and who calls whom."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments, picked
from analytics.clock import Clock, rfc3339
from analytics.errors import NotFound
from analytics.query.records.service_graph import GraphEdge, GraphNode, service_graph
from analytics.query.records.source import RecordSource
from analytics.query.records.traces import (
    NANOSECONDS,
    Trace,
    TraceFilter,
    Traces,
    TraceSpan,
    TraceSpanEvent,
    TraceSummary,
    status_number,
)
from analytics.schemas.compiled import loaded
from analytics.schemas.log_queries import FARTHEST
from analytics.schemas.queries import NoQuery
from analytics.schemas.traces import GraphQuery, TracePath, TracesQuery
from analytics.spans import SPAN_KINDS, SPAN_STATUSES

NOTHING, TRACES, GRAPH, PATH = NoQuery(), TracesQuery(), GraphQuery(), TracePath()
ATTRIBUTE = "attributes."
"""Prefix of the parameters that select values of attributes."""
HOUR_SECONDS = 3600
MILLISECOND = 1_000_000
"""In nanoseconds."""


def traces_blueprint(source: RecordSource, clock: Clock) -> Blueprint:
    """Blueprint of /traces and /services/graph."""
    blueprint, traces = Blueprint("traces", __name__), Traces(source)

    @blueprint.get("/traces")
    def find() -> Response:
        args = arguments(TRACES, besides=ATTRIBUTE)
        since, until = _range(args, clock)
        least, most, trace_least, trace_most = (
            None if args[name] is None else round(args[name] * MILLISECOND)
            for name in ("least", "most", "trace_least", "trace_most")
        )
        wanted = TraceFilter(
            args["service"],
            args["operation"],
            since,
            until,
            least,
            most,
            status_number(args["status"]),
            dict(picked(ATTRIBUTE, "an attribute")),
            trace_least,
            trace_most,
        )
        found = traces.find(wanted, args["order"], args["limit"])
        return answer({"traces": list(map(_row, found)), "count": len(found), "limit": args["limit"]})

    @blueprint.get("/traces/<trace_id>")
    def read(trace_id: str) -> Response:
        arguments(NOTHING)
        id_ = loaded(PATH, {"trace_id": trace_id})["trace_id"]
        found = traces.trace(id_)
        if found is None:
            raise NotFound(f"There is no trace {id_}.", code="unknown_trace")
        return answer(_trace(found))

    @blueprint.get("/services/graph")
    def graph() -> Response:
        since, until = _range(arguments(GRAPH), clock)
        found, seconds = service_graph(source, since, until), max(1e-9, (until - since) / NANOSECONDS)
        return answer(
            {
                "from": rfc3339(since / NANOSECONDS),
                "to": rfc3339(until / NANOSECONDS),
                "services": [_node(node, seconds) for node in found.nodes],
                "calls": [_edge(edge, seconds) for edge in found.edges],
            }
        )

    return blueprint


def _range(args: dict[str, Any], clock: Clock) -> tuple[int, int]:
    """The range of a question in nanoseconds since the epoch; the last hour by default."""
    end = clock.wall() + 1 if args["end"] is None else args["end"].timestamp()
    start = end - HOUR_SECONDS if args["start"] is None else args["start"].timestamp()
    return tuple(min(max(round(at * NANOSECONDS), 0), FARTHEST) for at in (start, end))  # type: ignore[return-value]


def _row(found: TraceSummary) -> dict[str, Any]:
    return {
        "trace_id": found.trace_id,
        "start": rfc3339(found.start / NANOSECONDS),
        "start_ns": str(found.start),
        "duration_ms": found.duration / MILLISECOND,
        "spans": found.spans,
        "errors": found.errors,
        "services": found.services,
        "service": found.root_service,
        "name": found.root_name,
    }


def _trace(found: Trace) -> dict[str, Any]:
    start, end = min(span.start for span in found.spans), max(span.end for span in found.spans)
    services: dict[str, int] = {}
    for span in found.spans:
        services[span.service] = services.get(span.service, 0) + 1
    return {
        "trace_id": found.spans[0].trace_id,
        "start": rfc3339(start / NANOSECONDS),
        "start_ns": str(start),
        "duration_ms": max(0, end - start) / MILLISECOND,
        "services": services,
        "spans": list(map(_span, found.spans)),
        "span_count": found.total,
    }


def _span(span: TraceSpan) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id or None,
        "service": span.service,
        "name": span.name,
        "kind": SPAN_KINDS[span.kind],
        "start": rfc3339(span.start / NANOSECONDS),
        "start_ns": str(span.start),
        "end_ns": str(span.end),
        "duration_ms": (span.end - span.start) / MILLISECOND,
        "status": SPAN_STATUSES[span.status],
        "status_message": span.status_message,
        "attributes": span.attributes,
        "resource": span.resource,
        "events": [_event(event) for event in msgspec.json.decode(span.events, type=list[TraceSpanEvent])],
        "links": span.links,
        "scope": span.scope,
        "state": span.state,
    }


def _event(event: TraceSpanEvent) -> dict[str, Any]:
    return {
        "name": event.name,
        "time": rfc3339(event.time / NANOSECONDS),
        "time_ns": str(event.time),
        "attributes": event.attributes,
    }


def _node(node: GraphNode, seconds: float) -> dict[str, Any]:
    return {
        "name": node.name,
        "requests": node.requests,
        "errors": node.errors,
        "requests_per_second": round(node.requests / seconds, 9),
        "p95_ms": node.p95,
        "is_outside": node.is_outside,
    }


def _edge(edge: GraphEdge, seconds: float) -> dict[str, Any]:
    return {
        "from": edge.caller,
        "to": edge.called,
        "requests": edge.requests,
        "errors": edge.errors,
        "requests_per_second": round(edge.requests / seconds, 9),
        "p95_ms": edge.p95,
    }
