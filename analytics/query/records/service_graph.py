"""The graph of services: who calls whom, how often, with how many errors, and how slowly."""

from typing import Any, NamedTuple

from analytics.query.records.source import RecordQuery, RecordSource
from analytics.spans import CONSUMER, SERVER, SPAN_FAILED

MAX_EDGES = 1_000
_CALLS = (3, 4)
"""Kinds of spans that call something: client and producer."""
_FIGURES = (
    f"count(*), sum(CASE WHEN {{0}}.status = {SPAN_FAILED} THEN 1 ELSE 0 END), "
    "percentile(({0}.end_time - {0}.start_time) / 1000000.0, 0.95)"
)
_NODES = (
    f"SELECT service, {_FIGURES.format('records')} FROM records "
    f"WHERE start_time >= ? AND start_time < ? AND kind IN ({SERVER}, {CONSUMER}) GROUP BY service ORDER BY service"
)
_EDGES = (
    f"SELECT caller.service, called.service, {_FIGURES.format('called')} "
    "FROM records AS called JOIN records AS caller "
    "ON called.trace_id = caller.trace_id AND called.parent_id = caller.span_id "
    "WHERE called.start_time >= ? AND called.start_time < ? AND called.service <> caller.service "
    f"GROUP BY caller.service, called.service ORDER BY count(*) DESC, caller.service, called.service LIMIT {MAX_EDGES}"
)
_TARGETS = (
    *("service.peer.name", "peer.service", "db.system.name", "db.system", "messaging.system"),
    *("server.address", "net.peer.name"),
)
"""Attributes that name what is called; each of OpenTelemetry's present conventions before the one that it replaced."""
_TARGET = "coalesce({})".format(", ".join(f"json_text(attributes, '{name}')" for name in _TARGETS))
_OUTSIDE = (
    f"WITH calls AS (SELECT trace_id, span_id, service, status, start_time, end_time, {_TARGET} AS target "
    f"FROM records WHERE start_time >= ? AND start_time < ? AND kind IN ({', '.join(map(str, _CALLS))})) "
    f"SELECT calls.service, calls.target, {_FIGURES.format('calls')} FROM calls "
    "LEFT JOIN records AS called ON called.trace_id = calls.trace_id AND called.parent_id = calls.span_id "
    "WHERE calls.target IS NOT NULL AND called.span_id IS NULL "
    f"GROUP BY calls.service, calls.target ORDER BY count(*) DESC, calls.service, calls.target LIMIT {MAX_EDGES}"
)


class GraphNode(NamedTuple):
    """A service, or with `is_outside` something that sends no spans, such as a database.

    `requests` and `errors` are counts, `p95` is in milliseconds; of what is outside, those of the calls to it.
    """

    name: str
    requests: int
    errors: int
    p95: float | None
    is_outside: bool = False


class GraphEdge(NamedTuple):
    """Calls from a service to another one; figures as in `GraphNode`."""

    caller: str
    called: str
    requests: int
    errors: int
    p95: float | None


class ServiceGraph(NamedTuple):
    """Services, and the calls between them."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]


def service_graph(source: RecordSource, since: int, until: int) -> ServiceGraph:
    """The graph of the spans that began in a range of time, in nanoseconds since the epoch.

    Raises:
        AnalyticsError: the question cannot be answered now.
    """

    def ask(statement: str) -> list[list[Any]]:
        return source.ask(RecordQuery("spans", statement, (since, until), since, until))

    nodes = {row[0]: GraphNode(*row) for row in ask(_NODES)}
    edges = [GraphEdge(*row) for row in ask(_EDGES)]
    for edge in edges:
        for name in (edge.caller, edge.called):
            nodes.setdefault(name, GraphNode(name, 0, 0, None))
    outside = [edge for edge in (GraphEdge(*row) for row in ask(_OUTSIDE)) if edge.called not in nodes]
    for edge in outside:
        known = nodes.get(edge.called, GraphNode(edge.called, 0, 0, None, is_outside=True))
        slowest = max((p95 for p95 in (known.p95, edge.p95) if p95 is not None), default=None)
        nodes[edge.called] = known._replace(
            requests=known.requests + edge.requests, errors=known.errors + edge.errors, p95=slowest
        )
    return ServiceGraph(list(nodes.values()), [*edges, *outside])
