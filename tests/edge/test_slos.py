"""Objectives of a running server: error budgets, and OpenSLO files in its folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.catalog.test_openslo import FILE
from tests.conftest import StartServer
from tests.edge.wire import eventually
from tests.server import GUNICORN, Server

HASTY = (*GUNICORN[:-1], "tests.edge.hasty_slos:app")


def record(server: Server, service: str, good: int, bad: int, latency: float) -> None:
    """Record requests of ten minutes ago."""
    at = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    event = {"type": "request", "service": service, "timestamp": at}
    events = [
        {**event, "data": {"status": status, "latency": latency}}
        for status, count in ((200, good), (503, bad))
        for _ in range(count)
    ]
    assert requests.post(f"{server.url}/events", json=events, timeout=60).json()["accepted"] == good + bad


def test_budgets_follow_from_what_was_recorded(start_server: StartServer) -> None:
    server = start_server()
    record(server, "shop", 988, 12, 20.0)
    for name, body in (
        ("errors", {"objective": 99, "service": "shop"}),
        ("latency", {"objective": 90, "service": "shop", "latency_ms": 10, "window": "7d"}),
        ("none", {"objective": 90, "service": "other"}),
    ):
        assert requests.put(f"{server.url}/slos/{name}", json=body, timeout=60).status_code == 201
    answer = server.get("/slos")
    errors, latency, none = answer["slos"]
    assert answer["count"] == 3
    assert errors["total"] == pytest.approx(1000, rel=0.01)
    assert errors["good_percent"] == pytest.approx(98.8, abs=0.05)
    assert errors["budget"]["spent"] == pytest.approx(1.2, abs=0.02)
    assert errors["burn"][0]["window"] == "1h"
    assert errors["burn"][0]["rate"] == pytest.approx(1.2, abs=0.02)
    assert latency["good_percent"] == pytest.approx(0, abs=0.5)
    assert latency["budget"]["remaining"] == pytest.approx(-9, abs=0.1)
    assert (none["total"], none["budget"], none["error"]) == (None, None, None)


def test_openslo_files_of_the_folder_are_objectives(start_server: StartServer, tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "openslo.yaml").write_bytes(FILE)
    server = start_server({"ANALYTICS_CONFIG_DIR": str(folder)})
    assert {slo["id"] for slo in server.get("/slos")["slos"]} == {"web-availability", "web-availability-2"}
    assert server.get("/slos/web-availability")["source"] == "openslo.yaml"


def test_an_alert_fires_while_a_budget_burns(start_server: StartServer) -> None:
    server = start_server(command=HASTY)
    body = {"objective": 99.9, "service": "shop", "labels": {"team": "web"}}
    assert requests.put(f"{server.url}/slos/errors", json=body, timeout=60).status_code == 201
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    event = {"type": "request", "service": "shop", "timestamp": at, "data": {"status": 500}}
    assert requests.post(f"{server.url}/events", json=[event] * 100, timeout=60).ok
    eventually(lambda: bool(firing(server)), 60)
    (alert,) = firing(server)
    assert (alert["group"], alert["labels"]["severity"]) == ("slo:errors", "page")
    assert (alert["labels"]["slo"], alert["labels"]["service"], alert["labels"]["team"]) == ("errors", "shop", "web")
    assert "slo:errors" in {group["group"] for group in server.get("/rules")["groups"]}
    assert requests.delete(f"{server.url}/slos/errors", timeout=60).status_code == 204
    eventually(lambda: not firing(server), 30)


def firing(server: Server) -> list[dict[str, Any]]:
    """The alerts of objectives that fire."""
    return [
        each
        for each in server.get("/alerts")["alerts"]
        if each["group"].startswith("slo:") and each["fired_at"] and not each["ended_at"]
    ]
