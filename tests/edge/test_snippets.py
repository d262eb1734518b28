"""The JavaScript and Python of the contract, run against a real server."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.edge.wire import SPEC, tool, unique, websocket_url
from tests.server import Server


def node(server: Server, script: str, **environment: str) -> Any:
    """The output of a script in tests/spec, parsed as JSON."""
    done = subprocess.run(
        [tool("node"), "--no-warnings", "--experimental-websocket", str(SPEC / script)],
        env={**os.environ, "BASE_URL": server.url, "WS_URL": websocket_url(server), **environment},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_browser_client_tracks_and_records(shared_server: Server) -> None:
    user = unique("user")
    answers = node(shared_server, "client.mjs", USER_ID=user)
    assert [answer["status"] for answer in answers] == [201] * 8
    messages = [answer["body"]["message"] for answer in answers]
    assert messages == ["event tracked"] * 2 + ["metric recorded"] + ["event tracked"] * 5
    events = shared_server.get("/events", params={"user_id": user})["events"]
    assert [event["type"] for event in reversed(events)] == [
        "page_view",
        "purchase",
        "visual_search",
        "points_awarded",
        "search",
    ]
    assert events[3]["data"] == {"order_id": "ORDER-456", "total": 99.99, "currency": "USD"}
    custom = shared_server.get("/services/frontend/metrics")["metrics"]["page_load_time"]
    assert (custom["last"], custom["unit"]) == (1250, "ms")


def test_the_live_dashboard_draws_no_services_and_all_kinds_of_them(start_server: StartServer) -> None:
    server = start_server()
    html = node(server, "dashboard.mjs", EVENT_SERVICE="first")["html"]
    assert "0.0ms" in html
    assert "0.00%" in html
    assert "undefined" not in html
    server.post("/events", {"type": "search", "service": "only-events"})
    server.post("/metrics", {"name": "memory", "value": 5, "tags": {"service": "only-metrics"}})
    server.post("/heartbeat", {"service": "only-beats", "status": "degraded"})
    server.post("/metrics", {"name": "requests", "value": 1234, "tags": {"service": "busy", "endpoint": "/counted"}})
    server.post("/events", {"type": "error", "service": "failing", "data": {"endpoint": "/failing"}})
    server.post("/events", {"type": "request", "service": "busy", "data": {"endpoint": "/timed", "latency": 3.04}})
    output = node(server, "dashboard.mjs", EVENT_SERVICE="notified")
    assert output["drawn"]["snapshot"] == 1
    assert output["drawn"]["dashboard_update"] >= 1
    assert [event["data"] for event in output["notified"]] == [{"total": 9.99}]
    html = output["html"]
    for text in (
        "1,235",
        "3.0ms",
        "<h3>only-events</h3>",
        "<h3>only-metrics</h3>",
        "/counted: 1234 requests (0.0ms avg)",
    ):
        assert text in html
    for text in ("undefined", "null", "NaN", "Infinity", "[object"):
        assert text not in html


def test_the_monitors_report_errors_and_silent_services(start_server: StartServer) -> None:
    server = start_server()
    server.post("/heartbeat", {"service": "fine", "status": "healthy"})
    server.post("/heartbeat", {"service": "ill", "status": "unhealthy"})
    assert node(server, "monitors.mjs") == {"alerts": [], "unhealthy": ["ill"], "stale": []}
    batch = [{"type": "request", "service": "fine", "data": {"status": 500 if n < 3 else 200}} for n in range(30)]
    server.post("/events", [*batch, {"type": "search", "service": "silent"}])
    output = node(server, "monitors.mjs")
    assert [alert["error_rate"] for alert in output["alerts"]] == [10]
    assert output["unhealthy"] == ["ill", "silent"]
    assert output["stale"] == ["silent"]


def test_the_python_decorator_sends_each_calls_time(shared_server: Server) -> None:
    service = unique("visualsearch")
    subprocess.run(
        [sys.executable, str(SPEC / "track_performance.py")],
        env={**os.environ, "BASE_URL": shared_server.url, "SERVICE": service},
        check=True,
        timeout=20,
    )
    found = shared_server.get(f"/services/{service}/metrics")
    assert found["latency"]["count"] == 3
    assert 10 <= found["latency"]["p50"] < 1000
    (endpoint,) = found["endpoints"]
    assert endpoint["endpoint"] == "search_products"
    assert endpoint["avg_time_ms"] == pytest.approx(found["avg_latency_ms"], abs=0.01)
