"""Many exports at once."""

import socket
from contextlib import ExitStack

import pytest
import requests

from tests.attacks.attacks import opened
from tests.attacks.beside import check_beside
from tests.attacks.payloads import head
from tests.conftest import StartServer
from tests.edge.wire import check_problem, eventually
from tests.server import Server

SETTINGS = {"ANALYTICS_MAX_EXPORTS": "5", "ANALYTICS_SEND_TIMEOUT": "60"}
ROWS = 10_000


def fill(server: Server) -> None:
    for _ in range(ROWS // 1_000):
        assert server.post("/events", [{"type": "a", "service": "s", "data": {"x": "a" * 1_000}}] * 1_000).ok


def received_rows(connection: socket.socket) -> int:
    """Receive the rest of an export; returns the number of rows."""
    received = bytearray()
    while not received.endswith(b"\r\n0\r\n\r\n"):
        part = connection.recv(1 << 20)
        assert part
        received += part
    return received.count(b'{"type"')


def test_exports_beyond_the_limit_are_refused_and_the_others_complete(target: Server) -> None:
    fill(target)
    url = f"{target.url}/export/events"
    with ExitStack() as stack:
        request = head("GET", "/export/events")
        running = [stack.enter_context(opened(target.port, request, 4_096)) for _ in range(5)]
        for connection in running:
            assert connection.recv(12) == b"HTTP/1.1 200"
        refused = requests.get(url, timeout=10)
        check_problem(refused, 503, "too_many_exports")
        assert refused.headers["Retry-After"] == "5"
        assert [received_rows(connection) for connection in running] == [ROWS] * 5
    assert requests.head(url, timeout=10).status_code == 200
    for _ in range(10):
        assert requests.get(url, timeout=10).status_code == 200


def test_an_export_ends_when_its_client_disconnects(target: Server) -> None:
    url = f"{target.url}/export/events"
    for _ in range(5):
        requests.get(url, stream=True, timeout=10).close()
    eventually(lambda: requests.get(url, timeout=10).status_code == 200)


@pytest.mark.parametrize("number", [40, pytest.param(1_000, marks=pytest.mark.long)])
def test_many_exports_do_not_disturb_other_clients(start_server: StartServer, number: int) -> None:
    server = start_server({"LOG_LEVEL": "WARNING"})
    fill(server)
    check_beside(server, "exports", number, seconds=2 if number < 1_000 else 20)
