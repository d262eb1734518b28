"""Socket.IO clients that are slow or silent, do not read, or disconnect: their cost is bounded."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
import websocket

from tests.conftest import StartServer
from tests.edge.socketio_raw import Session, connected, events_in, is_served, joined_websocket, no_traceback
from tests.edge.stalls import Stalls
from tests.edge.wire import eventually, head, resident_mib, unique, worker_pid
from tests.server import GUNICORN, Server

HASTY = (*GUNICORN[:-1], "tests.edge.hasty:app")
UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@contextmanager
def raw_websocket(server: Server, query: str = "") -> Iterator[socket.socket]:
    """A WebSocket after its handshake, with a small receive buffer."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(head(server, f"/socket.io/?EIO=4&transport=websocket&{query}", *UPGRADE, method="GET"))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(1)
        assert answer.startswith(b"HTTP/1.1 101")
        yield connection


def masked(text: str) -> bytes:
    """A masked text frame, as clients send it."""
    data = text.encode()
    assert len(data) < 126
    return bytes((0x81, 0x80 | len(data))) + bytes(4) + data


def test_a_client_that_stops_polling_needs_little_memory_and_learns_the_drops(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_EVENTS_RING": "10"})
    with Session(server) as slow:
        slow.until("42")
        before = resident_mib(worker_pid(server))
        batch = [{"type": "big", "service": "s", "data": {"text": "x" * 16_000}} for _ in range(250)]
        for _ in range(20):
            assert server.post("/events", batch).json()["accepted"] == len(batch)
        server.post("/events", {"type": "last", "service": "s"})
        eventually(lambda: server.get("/stats")["drops"].get("live_event", 0) > 3_000)
        assert resident_mib(worker_pid(server), "VmHWM") - before < 60, "of 80 MB of events"
        received = events_in(slow.until('42["event",{"type":"last"'))
        numbers = [facts["seq"] for name, _, facts in received if name == "event"]
        assert all(earlier < later for earlier, later in pairwise(numbers))
        dropped = sum(facts.get("dropped", 0) for _, _, facts in received)
        assert dropped + len(numbers) == 5_001
        assert dropped == server.get("/stats")["drops"]["live_event"]


def test_answers_that_are_not_polled_do_not_accumulate(shared_server: Server) -> None:
    with Session(shared_server) as slow:
        slow.until("42")
        junk = ['420["subscribe",{}]', "40/nowhere,", "40", "5"] * 4
        for _ in range(100):
            assert slow.post(*junk).status_code == 200
        packets = slow.until('42["dashboard_update"')
        assert 20 <= len(packets) < 100


def test_a_poll_never_returns_more_than_the_python_client_accepts(shared_server: Server) -> None:
    service = unique("burst")
    with Session(shared_server) as slow:
        slow.until("42")
        shared_server.post("/events", [{"type": "e", "service": service, "data": {"n": n}} for n in range(150)])
        numbers: list[int] = []
        while len(numbers) < 150:
            packets = slow.poll()
            assert len(packets) <= 16
            numbers += [data["data"]["n"] for name, data, _ in events_in(packets) if name == "event"]
        assert numbers == list(range(150))


def test_a_client_that_never_reads_is_disconnected_and_delays_no_other(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_CLIENT_TIMEOUT": "1"})
    with joined_websocket(server, "events=none") as live, raw_websocket(server) as deaf, Stalls() as stalls:
        deaf.sendall(masked("40"))
        eventually(lambda: connected(server) == 2)
        big = [{"type": "big", "service": "s", "data": {"text": "x" * 30_000}}] * 50
        for _ in range(4):
            server.post("/events", big)
        started = time.monotonic()
        came = []
        while connected(server) == 2:
            assert time.monotonic() - started < 5 + stalls.slack, "it is still connected"
            if live.recv().startswith('42["dashboard_update"'):
                came.append(time.monotonic())
        came.append(time.monotonic())
        waits = [later - earlier for earlier, later in pairwise([started, *came])]
        assert all(wait < 1.6 + stalls.slack for wait in waits), (waits, stalls.longest)
        assert connected(server) == 1


def test_silent_clients_are_disconnected(start_server: StartServer) -> None:
    server = start_server(command=HASTY)
    with (
        no_traceback(server),
        Session(server) as polls_not,
        Session(server) as pongs_not,
        raw_websocket(server) as deaf,
    ):
        deaf.sendall(masked("40"))
        eventually(lambda: connected(server) == 3)
        deadline = time.monotonic() + 8
        while pongs_not.http.get(pongs_not.url, timeout=5).status_code == 200:
            assert time.monotonic() < deadline, "it is still connected"
            server.post("/events", [{"type": "e", "service": "s"}] * 30)
        eventually(lambda: connected(server) == 0, 8)
        for late in (polls_not, pongs_not):
            assert 400 <= late.post("40").status_code < 500
        assert connected(server) == 0


def test_an_unfinished_upgrade_does_not_change_the_session(start_server: StartServer) -> None:
    server = start_server(command=HASTY)
    with Session(server) as one:
        one.until("42")
        silent = one.websocket()
        with pytest.raises(websocket.WebSocketBadStatusException) as second:
            one.websocket()
        assert second.value.status_code == 400
        silent.settimeout(5)
        with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
            silent.recv()
        silent.shutdown()
        one.post("3")
        one.until('42["dashboard_update"')


@pytest.mark.parametrize(
    "closing", [b"", b"\x88\x80\0\0\0\0", b"\x88\x82\0\0\0\0\x03\xe8"], ids=["eof", "close", "1000"]
)
def test_a_client_that_abandons_an_upgrade_continues_polling(shared_server: Server, closing: bytes) -> None:
    with Session(shared_server) as one, no_traceback(shared_server):
        one.until("42")
        with raw_websocket(shared_server, f"sid={one.sid}") as gone:
            gone.sendall(masked("2probe") + closing)
            gone.shutdown(socket.SHUT_WR)
            while gone.recv(4096):
                pass
        one.until('42["dashboard_update"')


def test_a_second_websocket_does_not_take_over_a_session(shared_server: Server) -> None:
    with Session(shared_server, f"service={unique('mine')}") as one:
        one.until("42")
        first = one.websocket()
        first.send("2probe")
        assert first.recv() == "3probe"
        first.send("5")
        while not first.recv().startswith('42["dashboard_update"'):
            pass
        with pytest.raises(websocket.WebSocketBadStatusException) as second:
            one.websocket()
        assert second.value.status_code == 400
        while not first.recv().startswith('42["dashboard_update"'):
            pass
        first.close()


def test_a_session_that_never_connects_leaves_nothing(shared_server: Server) -> None:
    with Session(shared_server, joins=False) as one, joined_websocket(shared_server) as live:
        first = one.websocket()
        first.send("2probe")
        assert first.recv() == "3probe"
        first.send("5")
        first.close()
        eventually(lambda: one.post("40").status_code in (400, 422))
        assert is_served(shared_server, live)
