"""The client against the real service, which is stopped, killed and restarted with the same address and data."""

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from analytics.sdk import AnalyticsClient, tracing
from analytics.sdk.logging import Handler
from analytics.sdk.tracing import Trace
from tests.edge.kills import kill
from tests.edge.wire import eventually, unique
from tests.server import Server


def client_of(server: Server, service: str, **arguments: Any) -> AnalyticsClient:
    return AnalyticsClient(server.url, service=service, **{"jitter": lambda: 0.005, **arguments})


def test_every_kind_of_item_arrives(shared_server: Server) -> None:
    service = unique("sdk")
    with client_of(shared_server, service) as client:

        @client.track_performance
        def search_products() -> None: ...

        search_products()
        outcomes = [
            client.track_page_view("/products", "user-123"),
            client.track_purchase("ORDER-456", 99.99, "user-123"),
            client.track_request("/orders/<id>", "GET", 503, 12.5),
            client.record_metric("memory", 312, unit="MB"),
            client.record_metric("sdk_jobs", 2, {f"tag{n}": n for n in range(31)}, kind="counter", instance="a"),
        ]
        client.start_heartbeat(60, status=lambda: "degraded")
        assert client.flush(10)
        eventually(lambda: client.counts()["accepted"] == 7)
        wrong = [
            client.track_event("", {}),
            client.track_event("click", timestamp="yesterday"),
            client.record_metric("latency", -1),
            client.record_metric("cpu", 1, {f"tag{n}": n for n in range(32)}),
            client.record_metric("memory", 1, kind="counter"),
            client.heartbeat("odd"),
            client.track_event("click", {"deep": deep(100)}),
        ]
        good = client.track_event("click", {"number": 10**400})
        assert client.flush(10)
    assert {outcome.result(0).status for outcome in outcomes} == {"accepted"}
    assert [outcome.result(0).status for outcome in wrong] == ["rejected"] * len(wrong)
    assert all(outcome.result(0).message for outcome in wrong)
    assert good.result(0).counted
    row = shared_server.get("/services")["services"][service]
    assert (row["status"], row["request_count"]) == ("degraded", 1)
    found = shared_server.get(f"/services/{service}/metrics")
    assert {endpoint["endpoint"] for endpoint in found["endpoints"]} == {"/orders/<id>", "search_products"}
    assert found["metrics"]["memory"]["last"] == 312
    types = [event["type"] for event in shared_server.get("/events", params={"service": service})["events"]]
    assert sorted(types) == ["click", "page_view", "purchase", "request"]


def test_log_lines_and_spans_arrive_in_their_trace(shared_server: Server) -> None:
    service = unique("sdk")
    with client_of(shared_server, service) as client:
        logger = logging.Logger("shop")
        logger.addHandler(Handler(client))
        seen: list[Trace] = []

        @client.track_performance(name="search", tags={"shard": 3}, span=True)
        def search_products() -> None:
            seen.append(tracing.current() or tracing.new_trace())
            logger.error("it failed", extra={"order": 7})

        search_products()
        assert client.flush(10)
        assert client.counts() == {"accepted": 3, "duplicate": 0, "rejected": 0, "dropped": 0}
    (trace,) = seen
    (line,) = shared_server.get("/logs", params={"service": service})["lines"]
    assert {name: line[name] for name in ("body", "level", "scope", "trace_id", "span_id")} == {
        "body": "it failed",
        "level": "error",
        "scope": "shop",
        "trace_id": trace.trace_id,
        "span_id": trace.span_id,
    }
    assert line["attributes"]["order"] == 7
    (span,) = shared_server.get(f"/traces/{trace.trace_id}")["spans"]
    assert (span["name"], span["span_id"], span["service"]) == ("search", trace.span_id, service)


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_restart_loses_and_duplicates_nothing(tmp_path: Path, how: str) -> None:
    settings = {"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_EVENTS_RING": "20000"}
    server = Server(tmp_path / "server.log", settings)
    done = threading.Event()
    outcomes = []

    def work() -> None:
        while not done.wait(0.002):
            outcomes.append(client.track_event("click", {"n": len(outcomes)}))

    with server:
        client = client_of(server, "sdk", timeout=2, flush_seconds=0.02)
        worker = threading.Thread(target=work)
        worker.start()
        eventually(lambda: client.counts()["accepted"] > 50)
        if how == "killed":
            kill(server)
    accepted = client.counts()["accepted"]
    eventually(lambda: len(outcomes) > accepted + 50)
    with server:
        eventually(lambda: client.counts()["accepted"] > accepted + 50)
        done.set()
        worker.join()
        assert client.flush(20)
        client.close()
        assert all(outcome.result(0).counted for outcome in outcomes)
        numbers = [event["data"]["n"] for event in events(server)]
        assert sorted(numbers) == list(range(len(outcomes)))
        assert server.get("/stats")["totals"]["events"] == len(outcomes)


def events(server: Server) -> list[Any]:
    found, cursor = [], {}
    while True:
        page = server.get("/events", params={"service": "sdk", "limit": 1000, **cursor})
        found += page["events"]
        if not page.get("next_cursor"):
            return found
        cursor = {"cursor": page["next_cursor"]}
