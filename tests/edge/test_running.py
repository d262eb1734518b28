"""Starting, logging and stopping: what an operator sees."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.conftest import StartServer
from tests.edge.wire import eventually, unique, websocket_url, worker_pid
from tests.server import APP, GUNICORN, ROOT, SERVE, Server

COMMANDS = pytest.mark.parametrize("command", [GUNICORN, APP, SERVE], ids=["gunicorn", "app.py", "analytics serve"])
LINES_A_SECOND = 20


def start_wrongly(command: tuple[str, ...], settings: Mapping[str, str]) -> tuple[int, str]:
    """Exit status and output of a start that is expected to fail."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANALYTICS_")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "HOST": "127.0.0.1", "PORT": "1", **settings},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def records(server: Server) -> list[dict[str, Any]]:
    """The log, parsed as JSON lines."""
    return [json.loads(line) for line in server.log().splitlines()]


WRONG = [
    ("PORT", "abc", "1 to 65535"),
    ("LOG_LEVEL", "loud", "DEBUG, INFO"),
    ("ANALYTICS_MAX_BODY", "-1", "from 1024 to"),
]


@COMMANDS
def test_a_wrong_setting_prevents_the_start_with_one_line(command: tuple[str, ...]) -> None:
    with ThreadPoolExecutor() as pool:
        starts = [pool.submit(start_wrongly, command, {variable: value}) for variable, value, _ in WRONG]
    for start, (variable, value, allowed) in zip(starts, WRONG, strict=True):
        status, output = start.result()
        assert status != 0
        assert len(output.splitlines()) == 1, output
        for word in (variable, repr(value), allowed):
            assert word in output


@COMMANDS
def test_an_unknown_variable_is_a_warning_at_startup(command: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that the process ends at once
        port = str(taken.getsockname()[1])
        settings = {**ALONE, "PORT": port, "ANALYTICS_DATADIR": "kept"}
        _, output = start_wrongly(command, settings)
    warning, reason = output.splitlines()
    record = json.loads(warning)
    assert (record["level"], record["logger"]) == ("WARNING", "analytics" + ".development" * (command == APP))
    assert record["message"] == (
        "ANALYTICS_DATADIR is not a setting and has no effect: did you mean ANALYTICS_DATA_DIR?"
    )
    assert "in use" in reason


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken, ThreadPoolExecutor() as pool:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        starts = [
            pool.submit(start_wrongly, command, {"PORT": port, "ANALYTICS_DATA_DIR": str(tmp_path / str(number))})
            for number, command in enumerate((GUNICORN, APP, SERVE))
        ]
        for status, output in [start.result() for start in starts]:
            assert status != 0
            assert "in use" in output
            assert port in output
            assert "Traceback" not in output
            assert "leaked" not in output


@pytest.mark.parametrize("durability", ["process", "relaxed"])
def test_ctrl_c_loses_nothing_and_ends_cleanly(start_server: StartServer, tmp_path: Path, durability: str) -> None:
    settings = {"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_DURABILITY": durability}
    server = start_server(settings)
    for number in range(1, 3):
        assert server.post("/events", {"type": "t", "service": "s", "user_id": f"u{number}"}).status_code == 201
        for pid in (worker_pid(server), server.process.pid):
            os.kill(pid, signal.SIGINT)  # a terminal signals all of its processes
        server.process.wait(30)
        server.__enter__()
        assert server.get("/stats")["totals"]["events"] == number
        assert "leaked" not in server.log()
        assert "Traceback" not in server.log()


@COMMANDS
def test_all_commands_serve_the_same_app_and_stop_on_request(
    start_server: StartServer, command: tuple[str, ...]
) -> None:
    server = start_server({"LOG_LEVEL": "info"}, command)
    service = unique("both")
    assert server.post("/events", {"type": "request", "service": service, "data": {"endpoint": "/"}}).status_code == 201
    assert server.post("/metrics", {"name": "m", "value": 1}).status_code == 201
    assert server.post("/heartbeat", {"service": service, "status": "healthy"}).status_code == 200
    for path in (
        "/events",
        "/dashboard",
        "/services",
        "/stats",
        "/stats/hourly",
        "/health",
        f"/services/{service}/metrics",
    ):
        server.get(path)
    assert server.get("/dashboard")["services"][service]["status"] == "healthy"
    assert requests.get(f"{server.url}/nothing", timeout=5).json()["error"]["code"] == "not_found"
    live = websocket.create_connection(websocket_url(server), timeout=5)
    kinds = [json.loads(live.recv())["type"] for _ in range(2)]
    assert kinds == ["snapshot", "dashboard_update"]
    live.close()
    started = time.monotonic()
    status = server.stop()
    assert time.monotonic() - started < 5
    assert status == 0
    lines = records(server)
    asked = [(line["method"], line["path"], line["status"]) for line in lines if line.get("path") == "/nothing"]
    assert asked == [("GET", "/nothing", 404)]
    assert "Traceback" not in server.log()


def test_idle_connections_do_not_delay_the_stop(start_server: StartServer) -> None:
    server = start_server()
    live = websocket.create_connection(websocket_url(server), timeout=5)
    live.recv()
    with requests.Session() as session:
        session.get(f"{server.url}/health", timeout=5)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
    live.shutdown()


def test_the_log_is_json_lines_with_one_for_each_request(start_server: StartServer) -> None:
    started = time.monotonic()
    server = start_server({"LOG_LEVEL": "INFO"})
    server.post("/events", {"type": "a", "service": "logged"})
    server.post("/events", {"type": "a"})
    requests.get(f"{server.url}/<b>%22%0A", timeout=5)
    eventually(lambda: len([line for line in records(server) if line.get("method") != "GET" and "path" in line]) == 2)
    lines, most = records(server), 1_000 * (time.monotonic() - started)
    for line in lines:
        assert {"level", "logger", "message", "timestamp"} <= set(line)
    asked = [line for line in lines if line["message"] == "request"]
    found = [(line["method"], line["path"], line["status"]) for line in asked if line["path"] != "/health/ready"]
    assert found == [("POST", "/events", 201), ("POST", "/events", 422), ("GET", '/<b>"\n', 404)]
    assert all(type(line["ms"]) is float and 0 <= line["ms"] < most for line in asked)
    server.stop()
    assert records(server)


def test_a_burst_of_requests_logs_few_lines_and_the_number_of_suppressed_ones(start_server: StartServer) -> None:
    server = start_server({"LOG_LEVEL": "INFO"})
    before = len(records(server))
    started = time.monotonic()
    with requests.Session() as session:
        for _ in range(500):
            assert session.get(f"{server.url}/health/live", timeout=5).status_code == 200
    seconds = time.monotonic() - started
    in_burst = [line for line in records(server)[before:] if line.get("path") == "/health/live"]
    assert len(in_burst) <= LINES_A_SECOND * (int(seconds) + 2)

    asked = 500

    def all_are_counted() -> bool:
        nonlocal asked
        requests.get(f"{server.url}/health/ready", timeout=5)
        asked += 1
        lines = [line for line in records(server)[before:] if line["message"] == "request"]
        return len(lines) + sum(line.get("suppressed", 0) for line in lines) == asked

    eventually(all_are_counted)


def test_requests_are_not_logged_at_warning_and_always_at_debug(
    shared_server: Server, start_server: StartServer
) -> None:
    quiet, path = start_server({"LOG_LEVEL": "WARNING"}), f"/services/{unique('logged')}/metrics"
    for server in (shared_server, quiet):
        with requests.Session() as session:
            for _ in range(60):
                session.get(server.url + path, timeout=5)
    assert [line["status"] for line in records(shared_server) if line.get("path") == path] == [404] * 60
    assert [line for line in records(quiet) if line["message"] == "request"] == []


UNBINDABLE = {"HOST": "192.0.2.1", "PORT": "8099"}
ALONE = {"LOG_LEVEL": "WARNING", "ANALYTICS_DATA_DIR": ""}


def test_an_address_that_cannot_be_bound_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, ThreadPoolExecutor() as pool:
        port = str(taken.getsockname()[1])
        wrong = [{"PORT": port}, UNBINDABLE]
        starts = [pool.submit(start_wrongly, GUNICORN, {**ALONE, **settings}) for settings in wrong]
        for start, settings in zip(starts, wrong, strict=True):
            status, output = start.result()
            assert status not in (0, None)
            (line,) = output.splitlines()
            for word in settings.values():
                assert word in line
            assert "in use" in line or "assign" in line


def test_the_development_server_reports_an_address_that_cannot_be_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, ThreadPoolExecutor() as pool:
        wrong = [{"PORT": str(taken.getsockname()[1])}, UNBINDABLE]
        starts = [pool.submit(start_wrongly, APP, settings) for settings in wrong]
        for start, reason in zip(starts, ("in use", "assign"), strict=True):
            status, output = start.result()
            assert status != 0
            (line,) = output.splitlines()
            assert line.startswith("HOST=")
            assert reason in line
