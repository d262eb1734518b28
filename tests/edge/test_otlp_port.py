"""The port for OpenTelemetry beside the main one: what it answers, when it is taken, and when it is let go."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import StartServer
from tests.edge.wire import eventually, head, read_answer, worker_pid
from tests.server import SERVE, Server, free_port


def answers(port: int, path: str = "/v1/metrics") -> bool:
    """Whether the service answers at a port."""
    try:
        return "message" in requests.get(f"http://127.0.0.1:{port}{path}", timeout=5).json()
    except requests.ConnectionError:
        return False


def with_port(server: Server, port: int) -> Server:
    eventually(lambda: answers(port))
    return server


@pytest.fixture
def port() -> Iterator[int]:
    return free_port()


def test_it_answers_only_paths_of_otlp(start_server: StartServer, port: int) -> None:
    with_port(start_server({"ANALYTICS_OTLP_PORT": str(port)}), port)
    url = f"http://127.0.0.1:{port}"
    for path in ("/", "/health", "/events", "/stats", "/v1", "/socket.io/"):
        response = requests.get(url + path, timeout=5)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found"), path
    assert requests.post(f"{url}/events", json={"type": "a", "service": "b"}, timeout=5).status_code == 404
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), 5)


def test_a_wrong_key_is_refused_before_a_body_that_never_ends(start_server: StartServer, port: int) -> None:
    server = start_server({"ANALYTICS_OTLP_PORT": str(port), "ANALYTICS_ADMIN_KEY": "the-admin-key-of-these-tests"})
    eventually(lambda: port_status(port) == 401)
    for path in ("/v1/metrics", "/events"):
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            lines = ("Authorization: Bearer wrong", "Content-Type: application/json", "Transfer-Encoding: chunked")
            connection.sendall(head(server, path, *lines) + b"100000\r\nbeginning")
            assert read_answer(connection).status == (401 if path == "/v1/metrics" else 404), path


def port_status(port: int) -> int:
    """Status of the answer of a port to a request without a key; 0 without one."""
    try:
        return requests.post(f"http://127.0.0.1:{port}/v1/metrics", json={}, timeout=5).status_code
    except requests.ConnectionError:
        return 0


def test_a_taken_port_is_a_line_in_the_log_and_taken_when_it_is_free(start_server: StartServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = start_server({"ANALYTICS_OTLP_PORT": str(port)})
        eventually(lambda: f"port {port} cannot be listened on" in server.log())
        assert server.get("/health")["status"] == "healthy"
    with_port(server, port)
    assert server.log().count("cannot be listened on") == 1


def test_it_is_kept_over_a_reload_of_the_configuration(start_server: StartServer, port: int) -> None:
    server = with_port(start_server({"ANALYTICS_OTLP_PORT": str(port)}), port)
    server.process.send_signal(signal.SIGHUP)
    for _ in range(5):
        assert answers(port)


@pytest.mark.long
def test_it_is_let_go_and_taken_again_where_a_worker_replaces_another(start_server: StartServer, port: int) -> None:
    server = with_port(start_server({"ANALYTICS_OTLP_PORT": str(port)}), port)
    before = worker_pid(server)
    assert is_listening(before, port)
    os.kill(before, signal.SIGTERM)
    eventually(lambda: (worker := only_worker(server)) not in (None, before) and is_listening(worker, port), 60)
    assert answers(port)


def only_worker(server: Server) -> int | None:
    """The worker; None while there is none or another one."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if len(children) == 1 else None


def is_listening(pid: int | None, port: int) -> bool:
    """Whether a process listens on a port of IPv4."""
    with contextlib.suppress(OSError):
        sockets = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return any(
            int(row[1].rpartition(":")[2], 16) == port and row[3] == "0A" and f"socket:[{row[9]}]" in sockets
            for row in rows
        )
    return False


def test_another_service_takes_it_when_the_first_one_stops(tmp_path: Path, port: int) -> None:
    settings = {"ANALYTICS_OTLP_PORT": str(port)}
    with Server(tmp_path / "first.log", settings, SERVE) as first:
        with_port(first, port)
        with Server(tmp_path / "second.log", settings, SERVE) as second:
            eventually(lambda: "cannot be listened on" in second.log())
            first.stop()
            with_port(second, port)


def test_zero_opens_none(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_OTLP_PORT": "0"})
    assert "OpenTelemetry" not in server.log()
    assert not [job for job in server.get("/health")["jobs"] if "OpenTelemetry" in job["name"]]
