"""The door for syslog over real sockets, and Debian's `logger`."""

import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest
import requests

from tests.edge.wire import eventually
from tests.server import Server, free_port


def accepted(server: Server) -> int:
    return int(server.get("/stats")["ingest"]["logs"]["accepted"])


@pytest.fixture(scope="module")
def syslog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, int]]:
    """A server, and its port for syslog."""
    port = free_port()
    with Server(tmp_path_factory.mktemp("syslog") / "server.log", {"ANALYTICS_SYSLOG_PORT": str(port)}) as server:
        eventually(lambda: is_open(port))
        yield server, port


def test_messages_arrive_by_datagram_and_by_stream(syslog: tuple[Server, int]) -> None:
    server, port = syslog
    before = accepted(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"<11>shop: by datagram", ("127.0.0.1", port))
    with socket.create_connection(("127.0.0.1", port), 5) as stream:
        stream.sendall(b"16 <14>shop: by countshop: by line\nrest")
    eventually(lambda: accepted(server) == before + 4)
    query = 'log_lines_total{service="shop"}'
    found = server.get("/api/v1/query", params={"query": query})["data"]["result"]
    assert {each["metric"]["level"] for each in found} == {"error", "info"}
    assert requests.get(f"{server.url}/health", timeout=5).json()["status"] == "healthy"


@pytest.mark.skipif(shutil.which("logger") is None, reason="needs logger, of the package bsdutils")
@pytest.mark.parametrize(
    "options", [["-d"], ["-T", "--octet-count"], ["-T"], ["-d", "--rfc3164"], ["-T", "--rfc5424=notime"]]
)
def test_logger_of_debian_sends(syslog: tuple[Server, int], options: list[str]) -> None:
    server, port = syslog
    before = accepted(server)
    command = ["logger", "-n", "127.0.0.1", "-P", str(port), "-t", "shop", "-p", "local0.err", *options, "paid"]
    subprocess.run(command, check=True, timeout=30)
    eventually(lambda: accepted(server) == before + 1)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True
