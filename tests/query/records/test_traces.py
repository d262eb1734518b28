"""Finding and reading traces, and the graph of services."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from msgspec import Raw, json, structs

from analytics.kinds import SPANS
from analytics.query.records import traces
from analytics.query.records.service_graph import GraphEdge, GraphNode, service_graph
from analytics.query.records.source import RecordQuery
from analytics.query.records.traces import NANOSECONDS, TraceFilter, Traces
from analytics.spans import NEWEST_FIRST, SLOWEST_FIRST, SPREAD, NewSpan
from tests.query.records.test_memory import Memory
from tests.state.rig import NOON, batch

NOW = NOON * NANOSECONDS
MS = 1_000_000


def span(trace: int, number: int, parent: int = 0, **more: Any) -> NewSpan:
    """A span of 10 ms that begins `number` ms after noon; `attributes` as an object."""
    start = NOW + number * MS
    given = {"service": "shop", "name": "GET /", "start": start, "end": start + 10 * MS, **more}
    for name in ("attributes", "resource"):
        if name in given:
            given[name] = Raw(json.encode(given[name]))
    return NewSpan(f"{trace:032x}", f"{number:016x}", parent_id=f"{parent:016x}" if parent else "", **given)


class Recorded(Memory):
    """A service with spans."""

    def __init__(self, *spans: NewSpan) -> None:
        super().__init__()
        self.recorder.record_batch(SPANS, batch(*spans))
        self.traces = Traces(self.source)

    def found(self, order: str = NEWEST_FIRST, limit: int = 100, **wanted: Any) -> list[int]:
        return [int(each.trace_id, 16) for each in self.traces.find(TraceFilter(**wanted), order, limit)]


def test_traces_are_found_by_what_one_span_has() -> None:
    of = Recorded(
        span(1, 1, attributes={"http.route": "/a", "n": 5, "is_new": True}),
        span(2, 2, service="cart", name="add", resource={"host": "web-1"}),
        span(3, 3, status=2, end=NOW + 503 * MS),
        span(3, 4, 3, service="cart", name="add"),
    )
    assert of.found() == [3, 2, 1]
    assert of.found(limit=2) == [3, 2]
    assert of.found(service="cart") == [3, 2]
    assert of.found(service="cart", status=2) == []
    assert of.found(operation="add", since=NOW + 3 * MS) == [3]
    assert of.found(until=NOW + 3 * MS) == [2, 1]
    assert of.found(status=2) == of.found(least=11 * MS) == [3]
    assert of.found(most=10 * MS) == [3, 2, 1]
    assert of.found(attributes={"http.route": "/a"}) == of.found(attributes={"n": "5", "is_new": "true"}) == [1]
    assert of.found(attributes={"host": "web-1"}) == [2]
    assert of.found(SLOWEST_FIRST) == [3, 1, 2]


def test_traces_are_found_by_their_whole_duration_whichever_span_matches() -> None:
    of = Recorded(
        span(1, 0, end=NOW + 100 * MS),
        span(1, 10, 1, service="cart", status=2),
        span(2, 0),
        span(3, 0, end=NOW + 900 * MS),
        span(3, 10, 1, service="cart"),
    )
    assert of.found(trace_most=100 * MS) == [1, 2]
    assert of.found(trace_least=100 * MS) == [1, 3]
    assert of.found(status=2, trace_least=50 * MS, trace_most=200 * MS, since=NOW, until=NOW + MS * 100) == [1]
    assert of.found(SPREAD, service="cart", trace_least=200 * MS, since=NOW, until=NOW + MS * 100) == [3]


@pytest.mark.parametrize("order", [NEWEST_FIRST, SPREAD])
def test_the_duration_of_a_trace_has_the_spans_of_other_services(order: str) -> None:
    class Narrow:
        """Leaves out other services early, as the long-term store does."""

        def ask(self, query: RecordQuery, is_wanted: Callable[[], bool] = lambda: True) -> list[list[Any]]:
            given = query.services
            only = "records" if given is None else f"(SELECT * FROM records WHERE service = '{next(iter(given))}')"
            return of.source.ask(
                structs.replace(query, statement=query.statement.replace("FROM records", f"FROM {only}"))
            )

    of = Recorded(span(3, 0, end=NOW + 900 * MS), span(3, 10, 1, service="cart"), span(4, 20, service="cart"))
    wanted = TraceFilter(service="cart", since=NOW, until=NOW + 100 * MS, trace_least=200 * MS)
    assert [int(each.trace_id, 16) for each in Traces(Narrow()).find(wanted, order, 10)] == [3]


def test_traces_are_spread_over_the_range_with_failed_and_slow_ones_first() -> None:
    of = Recorded(
        *(span(n, n) for n in range(1, 40)),
        span(50, 0, status=2),
        span(51, 2, end=NOW + 900 * MS),
        span(60, 5_000),
        span(61, 9_000),
    )
    whole = {"since": NOW, "until": NOW + 10_000 * MS}
    assert of.found(SPREAD, 3, **whole) == [61, 60, 50]
    assert of.found(SPREAD, 4, **whole) == [61, 60, 51, 50]
    assert len(of.found(SPREAD, **whole)) == 43
    assert of.found(SPREAD, since=NOW + 5_000 * MS, until=NOW + 9_000 * MS) == [60]


def test_a_trace_is_summed_up_over_all_its_spans() -> None:
    of = Recorded(
        span(1, 5, 1, service="cart", name="add", status=2, end=NOW + 95 * MS),
        span(1, 1, name="POST /cart"),
    )
    (found,) = of.traces.find(TraceFilter(service="cart"), NEWEST_FIRST, 10)
    assert (found.start, found.duration, found.spans, found.errors) == (NOW + MS, 94 * MS, 2, 1)
    assert (found.root_service, found.root_name, found.services) == ("shop", "POST /cart", {"shop": 1, "cart": 1})


def test_a_trace_without_its_first_span_has_no_name_yet() -> None:
    (found,) = Recorded(span(1, 5, 1)).traces.find(TraceFilter(), NEWEST_FIRST, 10)
    assert (found.root_service, found.root_name, found.spans) == (None, None, 1)


def test_spans_in_any_order_twice_and_in_pieces_are_one_trace(dice: random.Random) -> None:
    spans = [span(1, number, number - 1, service=f"s{number % 3}") for number in range(1, 40)]
    sent = spans * 2
    dice.shuffle(sent)
    of = Recorded()
    for start, end in pairwise([0, 7, 30, 78]):
        of.recorder.record_batch(SPANS, batch(*sent[start:end]))
        of.clock.advance(1_200)
    found = of.traces.trace(f"{1:032x}")
    assert found is not None
    assert found.total == 39
    assert [each.span_id for each in found.spans] == [each.span_id for each in spans]
    assert found.spans[0].attributes == Raw(b"{}")
    assert of.traces.trace("f" * 32) is None


def test_a_very_long_trace_is_read_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MAX_SPANS", 5)
    found = Recorded(*(span(1, number) for number in range(1, 10))).traces.trace(f"{1:032x}")
    assert found is not None
    assert (len(found.spans), found.total) == (5, 9)


def test_services_and_their_operations_are_listed() -> None:
    of = Recorded(span(1, 1, kind=2), span(1, 2, kind=3), span(1, 3, service="cart", name="add"))
    assert of.traces.services() == ["cart", "shop"]
    assert of.traces.operations("shop") == [("GET /", "server"), ("GET /", "client")]


def test_the_graph_has_calls_between_services_and_to_what_sends_no_spans() -> None:
    of = Recorded(
        span(1, 1, kind=2),
        span(1, 2, 1, kind=3, end=NOW + 52 * MS),
        span(1, 3, 2, service="cart", kind=2, status=2, end=NOW + 43 * MS),
        span(1, 4, 3, service="cart", kind=3, attributes={"db.system": "postgresql"}),
        span(2, 9, 8, service="mail", kind=5),
    )
    graph = service_graph(of.source, NOW, NOW + NANOSECONDS)
    assert sorted(graph.nodes) == [
        GraphNode("cart", 1, 1, 40.0),
        GraphNode("mail", 1, 0, 10.0),
        GraphNode("postgresql", 1, 0, 10.0, is_outside=True),
        GraphNode("shop", 1, 0, 10.0),
    ]
    assert sorted(graph.edges) == [GraphEdge("cart", "postgresql", 1, 0, 10.0), GraphEdge("shop", "cart", 1, 1, 40.0)]
    assert service_graph(of.source, NOW + NANOSECONDS, NOW + 2 * NANOSECONDS) == ([], [])
