"""ANALYTICS_CONFIG_DIR on a real service: read at the start and on SIGHUP, and read-only over HTTP."""

import os
import signal
from pathlib import Path
from threading import Event, Thread

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.socketio_raw import connected, joined_websocket, no_traceback
from tests.edge.test_annotations import ask
from tests.edge.test_running import records
from tests.edge.wire import (
    check_problem,
    check_shape,
    connect,
    eventually,
    head,
    is_time,
    read_answer,
    worker_pid,
)
from tests.server import GUNICORN, SERVE, Server

EVENT = b'{"type": "request", "service": "shop"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    made.mkdir()
    (made / "deploys.yaml").write_text("annotations:\n  one: {text: from a file}\n  two: {text: goes}\n")
    (made / "wrong.yaml").write_text("annotations:\n  three: {}\n")
    return made


def names(server: Server) -> list[str]:
    return sorted(each["id"] for each in server.get("/annotations")["annotations"])


@pytest.mark.parametrize(
    ("is_kept", "command"),
    [(True, GUNICORN), (False, GUNICORN), (False, (*GUNICORN, "--preload")), (False, SERVE)],
    ids=["disk", "memory", "preload", "analytics serve"],
)
def test_files_are_read_at_startup_and_on_sighup(
    start_server: StartServer, tmp_path: Path, folder: Path, is_kept: bool, command: tuple[str, ...]
) -> None:
    data = str(tmp_path / "data") if is_kept else ""
    server = start_server({"ANALYTICS_CONFIG_DIR": str(folder), "ANALYTICS_DATA_DIR": data}, command)
    assert names(server) == ["one", "two"], "a ready service has loaded its configuration"
    annotation = server.get("/annotations/one")
    assert (annotation["source"], annotation["updated_by"]) == ("deploys.yaml", "deploys.yaml")
    for method in ("PUT", "DELETE"):
        problem = check_problem(ask(server, method, "/annotations/one", {"text": "x"}), 409, "from_file")
        assert "deploys.yaml" in problem["message"]
    health = server.get("/health")
    assert health["status"] == "degraded"
    assert health["reasons"] == ["the configuration has errors in wrong.yaml: see config.errors"]
    assert requests.get(f"{server.url}/health/ready", timeout=10).status_code == 200
    config = {"folder": str, "files": int, "loaded_at": is_time, "errors": list, "more_errors": int}
    check_shape(health["config"], config)
    error = {"file": "wrong.yaml", "line": 2, "field": "annotations.three.text"}
    error["reason"] = "Missing data for required field."
    assert health["config"]["errors"] == [error]
    (logged,) = [line for line in records(server) if line["message"] == "configuration is wrong"]
    assert logged.items() >= error.items()

    worker = worker_pid(server)
    assert ask(server, "PUT", "/annotations/own", {"text": "over HTTP"}).status_code == 201
    (folder / "deploys.yaml").write_text("annotations:\n  one: {text: changed}\n")
    (folder / "wrong.yaml").write_text("annotations:\n  three: {text: right now}\n")
    os.kill(server.process.pid, signal.SIGHUP)
    eventually(lambda: names(server) == ["one", "own", "three"], 60)
    eventually(lambda: server.get("/health")["status"] == "healthy")
    assert server.get("/health")["config"]["errors"] == []
    changed = server.get("/annotations/one")
    assert changed["text"] == "changed"
    assert changed["version"] > annotation["version"]
    assert changed["time"] == annotation["time"]
    assert worker_pid(server) == worker


def test_a_reload_interrupts_nothing(start_server: StartServer, folder: Path) -> None:
    """Also in memory, where a new worker would have no data."""
    server = start_server({"ANALYTICS_CONFIG_DIR": str(folder), "ANALYTICS_DATA_DIR": ""})
    worker = worker_pid(server)
    with connect(server) as slow, joined_websocket(server) as live, no_traceback(server):
        slow.sendall(head(server, "/events", "Content-Type: application/json", f"Content-Length: {len(EVENT)}"))
        slow.sendall(EVENT[:10])
        sent = 0
        for number in range(20):
            loaded = server.get("/health")["config"]["loaded_at"]
            (folder / "more.yaml").write_text(f"annotations: {{more: {{text: Take {number}}}}}")
            os.kill(server.process.pid, signal.SIGHUP)

            def is_loaded(loaded: str = loaded) -> bool:
                nonlocal sent
                assert requests.post(f"{server.url}/events", EVENT, headers=JSON, timeout=10).status_code == 201
                assert requests.get(f"{server.url}/health/ready", timeout=10).status_code == 200
                sent += 1
                return bool(server.get("/health")["config"]["loaded_at"] != loaded)

            eventually(is_loaded, 30)
            assert server.get("/annotations/more")["text"] == f"Take {number}"
        slow.sendall(EVENT[10:])
        assert read_answer(slow).status == 201
        assert server.get("/stats")["totals"]["events"] == sent + 1
        assert worker_pid(server) == worker
        assert connected(server) == 1
        live.ping()
    assert server.stop() == 0


def test_sighup_during_startup_does_not_end_the_worker(tmp_path: Path, folder: Path) -> None:
    log = tmp_path / "server.log"
    server = Server(log, {"ANALYTICS_CONFIG_DIR": str(folder), "LOG_LEVEL": "INFO"})

    def signal_always(stop: Event) -> None:
        while not stop.wait(0.02):
            if log.exists() and b"Listening at" in log.read_bytes():  # from now on gunicorn handles signals
                os.kill(server.process.pid, signal.SIGHUP)

    stop = Event()
    thread = Thread(target=signal_always, args=(stop,))
    thread.start()
    try:
        with server:
            stop.set()
            thread.join()
            assert names(server) == ["one", "two"]
            assert server.log().count("Booting worker") == 1
    finally:
        stop.set()


def test_health_reports_that_there_is_no_folder(shared_server: Server) -> None:
    assert shared_server.get("/health")["config"] is None
