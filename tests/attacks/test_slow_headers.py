"""Headers that arrive slowly, or never."""

import contextlib
import time

import pytest

from tests.attacks.beside import SLOW_SECONDS, check_beside
from tests.edge.wire import check_problem, connect, head, read_answer
from tests.server import Server

SETTINGS = {"ANALYTICS_WORKER_CONNECTIONS": "100"}


@pytest.mark.parametrize("is_first", [True, False])
def test_headers_have_a_total_time_limit(target: Server, is_first: bool) -> None:
    with connect(target) as connection:
        if not is_first:
            connection.sendall(head(target, "/health/live", method="GET"))
            assert read_answer(connection).status == 200
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nX: ")
        connection.settimeout(0.05)
        received = b""
        started = time.monotonic()
        while not received and time.monotonic() - started < 20:
            connection.sendall(b"x")
            with contextlib.suppress(TimeoutError):
                received = connection.recv(1_000)
        assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert connection.recv(1) == b""


def test_endless_headers_are_refused(target: Server) -> None:
    with connect(target) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\n" + b"X: %b\r\n" % (b"x" * 8_000) * 9)
        check_problem(read_answer(connection), 431)


@pytest.mark.parametrize(
    ("attack", "number"), [("slow headers", 20), ("slow headers", 150), ("large headers, byte by byte", 10)]
)
def test_slow_headers_do_not_disturb_other_clients(target: Server, attack: str, number: int) -> None:
    check_beside(target, attack, number, SLOW_SECONDS)
