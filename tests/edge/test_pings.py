"""Heartbeat pings: requests without a body, as cron jobs and appliances send them."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.kills import kill
from tests.server import Server


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_ping_without_a_body_is_a_heartbeat(method: str, shared_server: Server) -> None:
    name = f"ping-{method.lower()}"
    answer = requests.request(
        method,
        f"{shared_server.url}/heartbeat/{name}",
        params={
            "status": "degraded",
            "message": "42 rows copied",
            "interval": "3600",
            "grace": "60.5",
            "instance": "a",
        },
        timeout=10,
    )
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert answer.json() == {"message": "heartbeat recorded", "service": name, "status": "degraded"}
    row = shared_server.get("/services")["services"][name]
    assert (row["status"], row["message"], row["heartbeat_interval_seconds"]) == ("degraded", "42 rows copied", 3600)
    assert [(each["instance"], each["status"]) for each in row["instances"]] == [("a", "degraded")]


def test_a_bare_ping_is_healthy_and_names_may_hold_slashes(shared_server: Server) -> None:
    assert requests.get(f"{shared_server.url}/heartbeat/team/nightly%20backup", timeout=10).status_code == 200
    assert shared_server.get("/services")["services"]["team/nightly backup"]["status"] == "healthy"
    (change,) = shared_server.get("/services/team/nightly%20backup/history")["history"]
    assert (change["from"], change["to"], change["reason"]) == (None, "healthy", "heartbeat reported healthy")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=fine", "status"),
        ("message=" + "x" * 501, "message"),
        ("interval=0.5", "interval"),
        ("interval=31622401", "interval"),
        ("interval=nan", "interval"),
        ("interval=-5", "interval"),
        ("grace=1e3", "grace"),
        ("instance=" + "x" * 129, "instance"),
        ("state=healthy", "state"),
        ("status=healthy&status=down", "status"),
    ],
)
def test_a_wrong_ping_is_refused_and_its_error_names_the_field(query: str, field: str, shared_server: Server) -> None:
    answer = requests.get(f"{shared_server.url}/heartbeat/wrong-ping?{query}", timeout=10)
    assert answer.status_code == 422
    assert field in answer.json()["error"]["fields"]
    assert "wrong-ping" not in shared_server.get("/services")["services"]


def test_a_ping_with_json_is_refused_and_the_right_address_named(shared_server: Server) -> None:
    answer = requests.post(f"{shared_server.url}/heartbeat/wrong-ping", json={"status": "healthy"}, timeout=10)
    assert answer.status_code == 422
    assert "POST /heartbeat" in answer.json()["error"]["message"]


def test_history_and_instances_survive_a_kill(start_server: StartServer, tmp_path: Path) -> None:
    settings = {"ANALYTICS_DATA_DIR": str(tmp_path / "data")}
    server = start_server(settings)
    for instance, status in (("a", "healthy"), ("b", "unhealthy"), ("b", "healthy"), ("a", "maintenance")):
        beat: dict[str, Any] = {"service": "web", "status": status, "instance": instance, "message": f"{instance} says"}
        assert server.post("/heartbeat", {**beat, "metrics": {"request_count": 7}}).status_code == 200
    history = server.get("/services/web/history")["history"]
    row = server.get("/services")["services"]["web"]
    assert [change["to"] for change in history] == ["maintenance", "healthy", "unhealthy", "healthy"]
    kill(server)
    again = start_server(settings)
    assert again.get("/services/web/history")["history"] == history
    found = again.get("/services")["services"]["web"]
    for momentary in ("uptime_hours",):
        del row[momentary], found[momentary]
    assert found == row
