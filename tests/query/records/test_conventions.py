"""Spans by OpenTelemetry's present semantic conventions and by those before: treated alike wherever they are read.

Source: opentelemetry.io/docs/specs/semconv/non-normative/http-migration/, db-migration/ and rpc-migration/
"""

from typing import Any, NamedTuple

import pytest
from msgspec import structs

from analytics.query.error_groups import GroupFilter
from analytics.query.errors import errors
from analytics.query.records.service_graph import service_graph
from analytics.query.records.traces import NANOSECONDS
from analytics.query.service_details import service_metrics
from tests.doors.otlp.test_otlp_records import attributes, sent_span
from tests.doors.records.record_rig import JSON, PROTOBUF
from tests.query.records.test_traces import NOW, Recorded

CLIENT, SERVER = 3, 2


class Seen(NamedTuple):
    """What the service makes of a span: its endpoint, its user, its error and what it calls."""

    endpoint: str | None = "POST"
    user: str | None = None
    error: tuple[str, str] = ("failed request", "POST")
    called: tuple[str, ...] = ()


def number(value: int) -> dict[str, Any]:
    return {"intValue": str(value)}


def seen(form: str, kind: int, **values: Any) -> Seen:
    """What is made of a failed span with these attributes."""
    sent = sent_span(form, name="POST", kind=kind, status={"code": 2}, attributes=attributes(values))
    of = Recorded(structs.replace(sent, start=NOW, end=NOW + 1))
    groups = of.reader.ask(errors, GroupFilter(), 10)["groups"]
    graph = service_graph(of.source, NOW, NOW + NANOSECONDS)
    endpoints = of.reader.ask(service_metrics, "shop")["endpoints"] if kind == SERVER else ()
    return Seen(
        next((row["endpoint"] for row in endpoints), None),
        sent.user_id,
        next(((row["type"], row["message"]) for row in groups), ("", "")),
        tuple(edge.called for edge in graph.edges),
    )


ROUTE = Seen(endpoint="/pay/{id}")
SERVED = [
    ({"http.route": "/pay/{id}", "http.target": "/pay/7?a"}, {"http.route": "/pay/{id}", "url.path": "/pay/7"}, ROUTE),
    ({"http.method": "POST"}, {"http.request.method": "POST"}, Seen()),
    ({"enduser.id": "ann"}, {"user.id": "ann"}, Seen(user="ann")),
    (
        {"http.status_code": number(503)},
        {"http.response.status_code": number(503), "error.type": "503"},
        Seen(error=("HTTP 503", "POST")),
    ),
    (
        {"http.status_code": number(500)},
        {"http.response.status_code": number(500), "error.type": "_OTHER"},
        Seen(error=("HTTP 500", "POST")),
    ),
    (
        {"rpc.grpc.status_code": number(14)},
        {"rpc.response.status_code": "UNAVAILABLE", "error.type": "UNAVAILABLE"},
        Seen(error=("RPC UNAVAILABLE", "POST")),
    ),
    (
        {"rpc.connect_rpc.error_code": "internal"},
        {"rpc.response.status_code": "internal", "error.type": "internal"},
        Seen(error=("RPC INTERNAL", "POST")),
    ),
]
CALLED = [
    ({"net.peer.name": "pay.example"}, {"server.address": "pay.example"}, "pay.example"),
    (
        {"peer.service": "pay", "net.peer.name": "10.0.0.7"},
        {"service.peer.name": "pay", "server.address": "10.0.0.7"},
        "pay",
    ),
    (
        {"db.system": "postgresql", "db.statement": "SELECT 1"},
        {"db.system.name": "postgresql", "db.query.text": "SELECT 1"},
        "postgresql",
    ),
    (
        {"messaging.system": "kafka", "messaging.destination": "orders", "net.peer.name": "k1"},
        {"messaging.system": "kafka", "messaging.destination.name": "orders", "server.address": "k1"},
        "kafka",
    ),
]


@pytest.mark.parametrize("form", [JSON, PROTOBUF])
@pytest.mark.parametrize(("before", "present", "expected"), SERVED)
def test_requests_are_seen_alike(form: str, before: dict[str, Any], present: dict[str, Any], expected: Seen) -> None:
    assert seen(form, SERVER, **before) == seen(form, SERVER, **present) == expected


@pytest.mark.parametrize(("before", "present", "called"), CALLED)
def test_what_is_called_is_seen_alike(before: dict[str, Any], present: dict[str, Any], called: str) -> None:
    expected = Seen(endpoint=None, error=("", ""), called=(called,))
    assert seen(JSON, CLIENT, **before) == seen(JSON, CLIENT, **present) == expected


def test_a_type_of_error_that_is_no_status_says_more_than_the_status() -> None:
    of_both = seen(JSON, SERVER, **{"error.type": "PoolTimeout", "http.response.status_code": number(500)})
    assert of_both.error == ("PoolTimeout", "POST")
    assert seen(JSON, SERVER, **{"rpc.grpc.status_code": number(99)}).error == ("RPC 99", "POST")
