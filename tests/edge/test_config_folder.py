"""ANALYTICS_CONFIG_DIR on a real service: read at the start and on SIGHUP, and read-only over HTTP."""

import os
import signal
from pathlib import Path

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.test_annotations import ask
from tests.edge.test_running import records
from tests.edge.wire import check_problem, check_shape, eventually, is_time, worker_pid
from tests.server import Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    made.mkdir()
    (made / "deploys.yaml").write_text("annotations:\n  one: {text: from a file}\n  two: {text: goes}\n")
    (made / "wrong.yaml").write_text("annotations:\n  three: {}\n")
    return made


def names(server: Server) -> list[str]:
    try:
        answer = requests.get(f"{server.url}/annotations", timeout=10)
    except requests.ConnectionError:
        return []
    return sorted(each["id"] for each in answer.json().get("annotations", []))


@pytest.mark.parametrize("is_kept", [True, False])
def test_files_are_read_at_the_start_and_on_sighup(
    start_server: StartServer, tmp_path: Path, folder: Path, is_kept: bool
) -> None:
    data = str(tmp_path / "data") if is_kept else ""
    server = start_server({"ANALYTICS_CONFIG_DIR": str(folder), "ANALYTICS_DATA_DIR": data})
    assert names(server) == ["one", "two"], "what is ready has its configuration"
    shown = server.get("/annotations/one")
    assert (shown["source"], shown["updated_by"]) == ("deploys.yaml", "deploys.yaml")
    for method in ("PUT", "DELETE"):
        problem = check_problem(ask(server, method, "/annotations/one", {"text": "x"}), 409, "from_file")
        assert "deploys.yaml" in problem["message"]
    health = server.get("/health")
    assert health["status"] == "healthy"
    check_shape(health["config"], {"folder": str, "files": int, "loaded_at": is_time, "errors": list})
    told = {"file": "wrong.yaml", "line": 2, "field": "annotations.three.text"}
    told["reason"] = "Missing data for required field."
    assert health["config"]["errors"] == [told]
    (logged,) = [line for line in records(server) if line["message"] == "configuration is wrong"]
    assert logged.items() >= told.items()

    worker = worker_pid(server)
    (folder / "deploys.yaml").write_text("annotations:\n  one: {text: changed}\n")
    (folder / "wrong.yaml").write_text("annotations:\n  three: {text: right now}\n")
    os.kill(server.process.pid, signal.SIGHUP)
    eventually(lambda: names(server) == ["one", "three"], 60)
    eventually(lambda: not Path(f"/proc/{worker}").exists(), 60)
    assert server.get("/health")["config"]["errors"] == []
    changed = server.get("/annotations/one")
    assert changed["text"] == "changed"
    if is_kept:
        assert changed["version"] > shown["version"]
        assert changed["time"] == shown["time"]


def test_without_a_folder_health_says_so(shared_server: Server) -> None:
    assert shared_server.get("/health")["config"] is None
