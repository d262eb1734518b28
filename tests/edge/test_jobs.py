"""Jobs of a running service: a job that dies is reported at once, and the service continues."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.edge.wire import eventually, websocket_url, worker_pid
from tests.server import GUNICORN, Server

KILLABLE = (*GUNICORN[:-1], "tests.edge.killable:app")
JOBS = (
    *("ticker", "live event sender", "log line sender", "journal writer", "checkpoint writer"),
    *("event loop monitor", "memory trimmer", "own metrics sampler", "push repeater"),
    *("rule evaluator", "notification dispatcher", "incident escalation"),
    *("long-term store", "long-term store reporter", "long-term store of numbers"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("jobs")
    with Server(folder / "server.log", {"ANALYTICS_DATA_DIR": str(folder / "data")}, KILLABLE) as server:
        yield server


def job(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each for each in answer["jobs"] if each["name"] == name]
    return found


def test_all_jobs_are_listed(server: Server) -> None:
    eventually(lambda: job(server.get("/health"), "ticker")["last_success"] is not None)
    for path in ("/health", "/stats"):
        answer = server.get(path)
        assert {each["name"] for each in answer["jobs"]} == {*JOBS, "recovery", "configuration reader"}
        assert all(each["state"] in ("running", "waiting", "done") for each in answer["jobs"])
        assert job(answer, "recovery")["state"] == "done"


@pytest.mark.parametrize(
    ("name", "error"),
    [(name, "GreenletExit") for name in JOBS] + [("ticker", error) for error in ("SystemExit", "Timeout", "KeyError")],
)
def test_a_job_that_dies_is_reported_at_once_and_restarted(server: Server, name: str, error: str) -> None:
    worker = worker_pid(server)
    failures = job(server.get("/health"), name)["failures"]
    seen = server.get(f"/kill/{name}/{error}")
    assert (seen["status"], seen["reasons"]) == ("degraded", [f"the {name} failed and is being restarted"])
    assert (job(seen, name)["state"], job(seen, name)["failures"]) == ("restarting", failures + 1)
    assert job(seen, name)["last_error"].startswith(error)
    assert server.post("/events", {"type": "purchase", "service": "shop"}).status_code == 201
    eventually(lambda: server.get("/health")["status"] == "healthy")
    live = websocket.create_connection(websocket_url(server), timeout=10)
    try:
        assert server.post("/events", {"type": "refund", "service": "shop"}).status_code == 201
        kinds = set()
        while kinds != {"snapshot", "event", "dashboard_update"}:
            kinds.add(json.loads(live.recv())["type"])
    finally:
        live.close()
    assert worker_pid(server) == worker
