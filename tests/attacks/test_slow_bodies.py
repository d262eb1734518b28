"""Bodies that arrive slowly, on as many connections as the server allows."""

import json
import time

import pytest

from tests.attacks.attacks import BODY
from tests.attacks.beside import SLOW_SECONDS, check_beside
from tests.attacks.payloads import JSON
from tests.edge.wire import check_problem, connect, head, read_answer
from tests.server import Server

SETTINGS = {"ANALYTICS_WORKER_CONNECTIONS": "20"}


def test_a_body_at_the_minimum_rate_may_take_long(target: Server) -> None:
    body = json.dumps({"type": "a", "service": "slow", "data": {"x": "x" * 12_000}}).encode()
    with connect(target) as connection:
        connection.sendall(head(target, "/events", JSON, f"Content-Length: {len(body)}"))
        for start in range(0, len(body), 1_000):
            connection.sendall(body[start : start + 1_000])
            time.sleep(0.2)
        assert read_answer(connection).status == 201


def test_a_body_that_stops_gets_408(target: Server) -> None:
    with connect(target) as connection:
        connection.sendall(head(target, "/events", JSON, "Content-Length: 5000000") + BODY + b"x" * 4_000_000)
        check_problem(read_answer(connection), 408, "body_timeout")
        assert connection.recv(1) == b""


@pytest.mark.parametrize("attack", ["slow bodies", "slow chunks"])
def test_slow_bodies_on_all_connections_do_not_disturb_other_clients(target: Server, attack: str) -> None:
    check_beside(target, attack, 20, SLOW_SECONDS)


def test_the_memory_of_large_bodies_that_stop_is_bounded(target: Server) -> None:
    check_beside(target, "large bodies that stop", 15, SLOW_SECONDS)
