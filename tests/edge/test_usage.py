"""The usage examples of the contract, unchanged except for the address: JavaScript, Go and Python.

The JavaScript examples have to work with their own client and with ours.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.test_examples import compiled
from tests.edge.wire import SPEC, eventually, tool
from tests.server import Server


def examples(language: str) -> list[str]:
    """The examples of the contract in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (SPEC / "usage.txt").read_text(), re.MULTILINE | re.DOTALL)


LIVE, CLIENT, DASHBOARD, *INTEGRATIONS, ALERTS, HEALTH = examples("javascript")
(GO,), (PYTHON,) = examples("go"), examples("python")
OWN_CLIENT = re.compile(r"^class AnalyticsClient \{\n.*?^\}$", re.MULTILINE | re.DOTALL)
OUR_CLIENT = "import { AnalyticsClient } from './analytics.mjs';"

# variables that the examples expect
AROUND = """
const userId = 'user-123', productId = 'OLJCESPC7Z', warehouse = 'lyon', change = -1, newQuantity = 9;
const imageFile = { size: 12345 }, results = [{ similarity_score: 0.93 }], searchQuery = 'mug';
const reward = { total_points: 10, leveled_up: false };
"""
PAGE = """
const container = { innerHTML: '' };
globalThis.document = { getElementById: (id) => (id === 'dashboard-container' ? container : null) };
const heard = [], updateDashboard = (data) => heard.push(data), showNotification = updateDashboard;
"""
ONE_TURN = """
globalThis.setInterval = (turn) => turn();
const sendAlert = (text, { error_rate }) => console.log(text, error_rate);
"""
GO_AROUND = """package main

import (
    "bytes"
    "encoding/json"
    "net/http"
    "time"
)

var requestCount, errorCount, avgLatency, startTime = 1000, 5, 23.5, time.Now()

%s
func main() {
    sendHeartbeat()
%s}
"""

Run = Callable[..., str]


@pytest.fixture
def server(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    """Runs an example as a module under node, in a folder with our client; returns its output."""

    def run_script(*parts: str) -> str:
        client = requests.get(f"{server.url}/sdk/analytics.js", timeout=10).text
        (tmp_path / "analytics.mjs").write_text(addressed(client, server))
        (tmp_path / "example.mjs").write_text(addressed("\n".join(parts), server))
        command = [tool("node"), "--no-warnings", "--experimental-websocket", str(tmp_path / "example.mjs")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run_script


def addressed(text: str, server: Server) -> str:
    """`text` for the server of the test."""
    return re.sub(r"(localhost|analytics):8099", urlsplit(server.url).netloc, text)


@pytest.mark.parametrize("whose", ["its own client", "our client"])
def test_pages_track_and_record(server: Server, run: Run, whose: str) -> None:
    code = CLIENT if whose == "its own client" else OWN_CLIENT.sub(OUR_CLIENT, CLIENT)
    assert (code == CLIENT) == (whose == "its own client")
    run(AROUND, code, *INTEGRATIONS)
    events = server.get("/events")["events"][::-1]
    assert [(event["type"], event["service"], event["user_id"]) for event in events] == [
        ("page_view", "frontend", "user-123"),
        ("purchase", "frontend", "user-123"),
        ("visual_search", "frontend", "user-123"),
        ("points_awarded", "frontend", "user-123"),
        ("search", "frontend", "user-123"),
        ("inventory_update", "frontend", None),
    ]
    assert [event["data"] for event in events[:2]] == [
        {"page": "/products"},
        {"order_id": "ORDER-456", "total": 99.99, "currency": "USD"},
    ]
    metric = server.get("/services/frontend/metrics")["metrics"]["page_load_time"]
    assert (metric["last"], metric["unit"]) == (1250, "ms")


TRACK = "fetch('http://localhost:8099/events', { method: 'POST', headers: { 'Content-Type': 'application/json' }, "
TRACK += "body: JSON.stringify({ type: 'request', service: 'shop', data: { endpoint: '/cart', latency: 5 } }) });"
UNTIL = "const pause = () => new Promise((resolve) => setTimeout(resolve, 20)); while (!(%s)) await pause(); %s"


def test_a_page_receives_live_updates(run: Run) -> None:
    printed = run(PAGE, LIVE, UNTIL % ("heard.length", TRACK), "while (heard.length < 3) await pause(); ws.close();")
    assert "Connected to analytics dashboard" in printed
    assert "Dashboard snapshot:" in printed


def test_a_page_draws_the_dashboard(run: Run) -> None:
    drawn = "container.innerHTML.includes('/cart: 1 requests (5.0ms avg)')"
    end = "console.log(container.innerHTML); dashboard.ws.close();"
    printed = run(PAGE, DASHBOARD, UNTIL % ("dashboard.data", TRACK), f"while (!{drawn}) await pause(); {end}")
    assert "New event:" in printed
    assert "<h3>shop</h3>" in printed
    assert "undefined" not in printed


def test_monitors_report_errors_and_silent_services(server: Server, run: Run) -> None:
    server.post("/heartbeat", {"service": "ill", "status": "unhealthy"})
    batch = [{"type": "request", "service": "silent", "data": {"status": 500 if n < 3 else 200}} for n in range(30)]
    server.post("/events", batch)
    printed = run(ONE_TURN, ALERTS, HEALTH)
    assert "High error rate detected 10\n" in printed
    assert "Service ill is unhealthy" in printed
    assert "Service silent heartbeat is stale" in printed


def test_a_go_service_sends_heartbeats(server: Server, tmp_path: Path) -> None:
    functions, rest = GO.split("// Send heartbeat every minute\n")
    script = tmp_path / "heartbeat.go"
    script.write_text(addressed(GO_AROUND % (functions, rest), server))
    subprocess.run([compiled(script)], check=True, timeout=20)
    row = server.get("/services")["services"]["productcatalog"]
    figures: list[Any] = [row[name] for name in ("status", "request_count", "error_count", "avg_latency_ms")]
    assert figures == ["healthy", 1000, 5, 23.5]


def test_a_python_service_measures_its_functions(server: Server, tmp_path: Path) -> None:
    script = tmp_path / "search.py"
    script.write_text(addressed(PYTHON, server) + "\nsearch_products('mug')\n")
    subprocess.run([sys.executable, script], check=True, timeout=20)
    found = eventually(lambda: server.get("/services/visualsearch/metrics"))
    assert found["latency"]["count"] == 1
    assert [endpoint["endpoint"] for endpoint in found["endpoints"]] == ["search_products"]
