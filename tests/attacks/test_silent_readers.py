"""Clients that request much and receive nothing."""

import os
from pathlib import Path

import pytest

from tests.attacks.attacks import UPGRADE, opened
from tests.attacks.beside import SLOW_SECONDS, check_beside
from tests.attacks.payloads import head
from tests.edge.frames import frame
from tests.edge.wire import eventually, worker_pid
from tests.server import Server

EVENTS = [{"type": "a", "service": "s", "data": {"x": "a" * 30_000}}] * 100


def open_sockets(server: Server) -> set[str]:
    """The sockets that the server has open."""
    folder = Path(f"/proc/{worker_pid(server)}/fd")
    return {link for number in os.listdir(folder) if (link := _target(folder / number)).startswith("socket:")}


def _target(path: Path) -> str:
    try:
        return os.readlink(path)
    except FileNotFoundError:  # it was closed meanwhile
        return ""


@pytest.mark.parametrize(
    ("request_", "more"),
    [
        (head("GET", "/export/events"), b""),
        (head("GET", "/events?limit=1000") * 20, b""),
        (head("GET", "/ws/dashboard", *UPGRADE), b""),
        (head("GET", "/socket.io/?EIO=4&transport=websocket", *UPGRADE), frame(b"40")),
    ],
    ids=["export", "pipelined answers", "WebSocket", "Socket.IO"],
)
def test_a_client_that_receives_nothing_is_cut_off(target: Server, request_: bytes, more: bytes) -> None:
    assert target.post("/events", EVENTS).ok
    before = open_sockets(target)
    with opened(target.port, request_, 4_096) as connection:
        assert connection.recv(9) == b"HTTP/1.1 "
        connection.sendall(more)
        eventually(lambda: open_sockets(target) - before)

        def is_cut_off() -> bool:
            target.post("/events", EVENTS)  # live clients receive it
            return not open_sockets(target) - before

        eventually(is_cut_off, 60)
    assert "Traceback" not in target.log()


def test_clients_that_receive_nothing_do_not_disturb_others(target: Server) -> None:
    check_beside(target, "silent readers", 40, SLOW_SECONDS)
