"""More connections than the limit: silent, idle, live and busy ones."""

import contextlib
import re
import resource
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from analytics.jobs.memory import TRIM_SECONDS
from tests.attacks.attacks import UPGRADE, attacking
from tests.attacks.beside import SLOW_SECONDS, check_beside
from tests.attacks.conftest import QUICK, TRIMMING
from tests.conftest import StartServer
from tests.edge.wire import check_problem, connect, eventually, head, read_answer, resident_mib, worker_pid
from tests.server import Server

SETTINGS = {"ANALYTICS_WORKER_CONNECTIONS": "50"}


def test_a_silent_connection_is_closed_soon(target: Server) -> None:
    with connect(target) as connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("attack", ["silent connections", "idle connections"])
def test_connections_beyond_the_limit_do_not_disturb_other_clients(target: Server, attack: str) -> None:
    check_beside(target, attack, 200, SLOW_SECONDS)


@pytest.mark.long
@pytest.mark.parametrize("attack", ["silent connections", "idle connections"])
def test_ten_thousand_connections_do_not_disturb_other_clients(start_server: StartServer, attack: str) -> None:
    server = start_server({"LOG_LEVEL": "WARNING"})
    check_beside(server, attack, 10_000, seconds=30, growth=100)


@pytest.mark.parametrize("number", [1_500, pytest.param(10_000, marks=pytest.mark.long)])
def test_silent_connections_that_stay_do_not_disturb_other_clients(start_server: StartServer, number: int) -> None:
    server = start_server({"LOG_LEVEL": "WARNING", "ANALYTICS_HEADER_TIMEOUT": "60"})
    check_beside(server, "silent connections", number, growth=100)


def test_idle_connections_cost_little_memory(start_server: StartServer) -> None:
    server = start_server({"LOG_LEVEL": "WARNING"}, TRIMMING)
    pid = worker_pid(server)
    open_connections(server)  # loads what the page needs
    before = resident_mib(pid)
    with attacking("idle connections", server.port, 1_500):
        eventually(lambda: open_connections(server) > 1_500)
        eventually(lambda: resident_mib(pid) < before + 15, TRIM_SECONDS + 20)
        assert open_connections(server) > 1_500


@pytest.mark.parametrize("number", [1_500, pytest.param(10_000, marks=pytest.mark.long)])
def test_silent_connections_cost_little_memory(start_server: StartServer, number: int) -> None:
    server = start_server({"LOG_LEVEL": "WARNING", "ANALYTICS_HEADER_TIMEOUT": "60"})
    pid = worker_pid(server)
    before = resident_mib(pid)
    with attacking("silent connections", server.port, number):
        eventually(lambda: open_connections(server) >= number, 60)  # 10,000 are the most that a server has
        assert resident_mib(pid, "VmHWM") < before + 4 + number * 5 / 1024


def open_connections(server: Server) -> float:
    """Number of open connections, as the server reports it."""
    page = requests.get(f"{server.url}/metrics", timeout=60).text
    (found,) = re.findall(r"^analytics_open_connections (.+)$", page, re.MULTILINE)
    return float(found)


def test_live_clients_stay_connected_and_those_beyond_the_limit_are_refused(target: Server) -> None:
    with ExitStack() as stack:
        live = [stack.enter_context(connect(target)) for _ in range(50)]
        for connection in live:
            connection.sendall(head(target, "/ws/dashboard", *UPGRADE, method="GET"))
            assert connection.recv(12) == b"HTTP/1.1 101"
        for _ in range(3):
            with connect(target) as refused:
                answer = read_answer(refused)
                check_problem(answer, 503, "service_unavailable")
                assert answer.headers["retry-after"] == "1"
        assert all(connection.recv(1) for connection in live)
    eventually(lambda: accepts(target))


def accepts(server: Server) -> Any:
    """Whether a request is answered."""
    with contextlib.suppress(ConnectionError), connect(server) as connection:
        connection.sendall(head(server, "/health/live", method="GET"))
        return read_answer(connection).status == 200
    return False


def test_the_limit_of_open_files_is_raised_and_observed(start_server: StartServer) -> None:
    server = start_server(QUICK | {"ANALYTICS_WORKER_CONNECTIONS": "1000000", "LOG_LEVEL": "WARNING"})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert hard >= 1_000_000 or f"at most {hard - 200} connections can be open" in server.log()
