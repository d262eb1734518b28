"""Stopping: live clients get the close code 1001 at once, requests in flight finish, and idle ones do not delay it."""

import contextlib
import http.client
import json
import os
import signal
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import requests
import websocket

from tests.conftest import StartServer
from tests.edge.socketio_raw import SEPARATOR, Session, connected, joined_websocket, no_traceback, open_websocket
from tests.edge.wire import check_problem, connect, eventually, head, read_answer, websocket_url, worker_pid
from tests.server import APP, GUNICORN, SERVE, Server

PRELOAD = (*GUNICORN, "--preload")
GOING_AWAY = 1001
CLOSE_SECONDS = 2
"""The limit is one second; a busy machine may be late."""
STOP_SECONDS = 5


@contextmanager
def websockets(server: Server, count: int) -> Iterator[list[websocket.WebSocket]]:
    """Plain WebSockets that have received their snapshot."""
    lives = [websocket.create_connection(websocket_url(server), timeout=5) for _ in range(count)]
    try:
        for live in lives:
            assert json.loads(live.recv())["type"] == "snapshot"
        yield lives
    finally:
        for live in lives:
            live.shutdown()


def close_code(live: websocket.WebSocket) -> int:
    """The code with which the server closes a WebSocket."""
    live.send_close = lambda *_: None  # the server may end before the answer
    opcode, data = None, b""
    while opcode != websocket.ABNF.OPCODE_CLOSE:
        opcode, data = live.recv_data()
    return int(struct.unpack("!H", data[:2])[0])


def check_all_closed(lives: list[websocket.WebSocket], stopped: float) -> None:
    """Check that all get 1001 in time; `stopped` is when the server was signalled."""
    assert [close_code(live) for live in lives] == [GOING_AWAY] * len(lives)
    assert time.monotonic() - stopped < CLOSE_SECONDS


def poll_to_the_end(session: Session) -> None:
    """Poll until the session ends, during a poll or between two polls."""
    answer = session.ask("GET", session.url)
    while answer.status_code == 200 and "1" not in answer.text.split(SEPARATOR):
        answer = session.ask("GET", session.url)
    assert answer.status_code in (200, 400)


class SlowRequest:
    """A POST of which half has been sent."""

    body = b'{"type":"slow","service":"slow"}'

    def __init__(self, server: Server) -> None:
        self._server, self._connection = server, connect(server)
        lines = ("Content-Type: application/json", f"Content-Length: {len(self.body)}")
        self._connection.sendall(head(server, "/events", *lines) + self.body[:5])

    def finish(self, *more: bytes) -> bytes:
        """Send the rest and `more`; returns everything received until the connection is closed."""
        with self._connection:
            self._connection.sendall(b"".join((self.body[5:], *more)))
            return b"".join(iter(lambda: self._connection.recv(65_536), b""))


def is_ready(server: Server) -> bool | None:
    """Whether the service is ready, as a new connection sees it; None if it is refused."""
    try:
        answer = requests.get(f"{server.url}/health/ready", headers={"Connection": "close"}, timeout=15)
    except requests.ConnectionError:
        return None
    assert answer.status_code in (200, 503), answer.text
    assert answer.ok or answer.json()["reasons"] == ["the service is stopping"]
    return answer.ok


def check_gone(server: Server, stopped: float) -> None:
    """Check that the server ends cleanly and in time."""
    assert server.process.wait(STOP_SECONDS + CLOSE_SECONDS) == 0
    assert time.monotonic() - stopped < STOP_SECONDS
    assert "Traceback" not in server.log()
    assert "graceful timeout" not in server.log()


@contextmanager
def all_clients(server: Server, count: int) -> Iterator[list[websocket.WebSocket]]:
    """Clients of all kinds and idle connections; the server is stopped within this block."""
    with ExitStack() as stack:
        lives = stack.enter_context(websockets(server, count))
        lives += [stack.enter_context(joined_websocket(server)) for _ in range(5)]
        polling, upgrading = (stack.enter_context(Session(server)) for _ in range(2))
        probed = stack.enter_context(contextlib.closing(upgrading.websocket()))
        probed.send("2probe")
        assert probed.recv() == "3probe"
        stack.enter_context(connect(server))
        stack.enter_context(connect(server)).sendall(b"GET /heal")
        kept = stack.enter_context(requests.Session())
        kept.get(f"{server.url}/health/live", timeout=5)
        polling.until('42["snapshot"')
        eventually(lambda: connected(server) == count + 7)
        poller = stack.enter_context(ThreadPoolExecutor()).submit(poll_to_the_end, polling)
        yield lives
        poller.result(CLOSE_SECONDS)


@pytest.mark.parametrize(("command", "count"), [(GUNICORN, 200), (PRELOAD, 50)], ids=["gunicorn", "preload"])
def test_clients_are_disconnected_and_requests_in_flight_finish(
    start_server: StartServer, command: tuple[str, ...], count: int
) -> None:
    server = start_server(command=command)
    with all_clients(server, count) as lives:
        slow = SlowRequest(server)
        eventually(lambda: is_ready(server))
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        check_all_closed(lives, stopped)
        while is_ready(server) is not None:
            assert is_ready(server) is not True
            assert time.monotonic() - stopped < STOP_SECONDS
        assert server.process.poll() is None, "closing does not wait for the request"
        answers = slow.finish(head(server, "/health/ready", method="GET"))
        assert answers.startswith(b"HTTP/1.1 201 Created")
        assert b'"event tracked"' in answers
        _, _, second = answers[1:].partition(b"HTTP/1.1 ")
        assert second.startswith(b"503 ")
        assert b"the service is stopping" in second
        check_gone(server, stopped)


def test_the_development_server_disconnects_clients_too_and_finishes_requests(start_server: StartServer) -> None:
    server = start_server(command=APP)
    with all_clients(server, 50) as lives:
        slow = SlowRequest(server)
        eventually(lambda: is_ready(server))
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        check_all_closed(lives, stopped)
        assert is_ready(server) is False
        assert server.process.poll() is None, "closing does not wait for the request"
        assert b" 201 " in slow.finish().split(b"\r\n")[0]
        check_gone(server, stopped)


def test_requests_during_the_stop_are_answered_as_long_as_the_server_listens(start_server: StartServer) -> None:
    server = start_server()
    request = head(server, "/health/ready", "Connection: close", method="GET")

    def ask(pause: float) -> tuple[list[int], int]:
        """Statuses, and the number of requests without one, until nothing listens."""
        statuses, broken = [], 0
        while True:
            try:
                with connect(server) as connection:
                    time.sleep(pause)
                    connection.sendall(request)
                    statuses.append(read_answer(connection).status)
            except ConnectionRefusedError:
                return statuses, broken
            except (OSError, http.client.HTTPException):
                broken += 1

    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(ask, pause) for pause in (0, 0, 0, 0.02, 0.02)]
        time.sleep(0.3)
        assert server.stop() == 0
    for one in asking:
        statuses, broken = one.result()
        assert set(statuses) <= {200, 503}
        assert statuses == sorted(statuses)
        assert broken <= 2, "one that was waiting at the end, and one that was never accepted"
    assert "Traceback" not in server.log()


def test_clients_that_reconnect_too_early_do_not_delay_the_stop(start_server: StartServer) -> None:
    server = start_server()
    host = f"127.0.0.1:{server.port}"
    refused: list[int] = []
    with Session(server) as one, connect(server) as slow:
        lines = ("Content-Type: text/plain", "Content-Length: 100")
        slow.sendall(head(server, f"/socket.io/?EIO=4&transport=polling&sid={one.sid}", *lines) + b"42")
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        lives = []
        while time.monotonic() - stopped < 1.5:
            for attempt in (lambda: open_websocket(host), lambda: websocket.create_connection(websocket_url(server))):
                try:
                    lives.append(attempt())
                    lives[-1].send("40")
                except websocket.WebSocketBadStatusException as error:
                    refused.append(error.status_code)
                except (OSError, websocket.WebSocketException):
                    time.sleep(0.01)
        slow.sendall(b" " * 98)
        check_problem(read_answer(slow), 422)
        check_gone(server, stopped)
        for live in lives:
            live.shutdown()
    assert set(refused) <= {503}


def test_a_replaced_worker_disconnects_its_clients_and_the_next_one_serves(start_server: StartServer) -> None:
    server = start_server(command=(*GUNICORN, "--max-requests", "50"))
    before = worker_pid(server)
    with websockets(server, 20) as lives, requests.Session() as session:
        for _ in range(40):
            with contextlib.suppress(requests.ConnectionError):
                assert session.get(f"{server.url}/health/live", timeout=10).status_code == 200
        check_all_closed(lives, time.monotonic())
    check_serves(server, before)
    assert server.stop() == 0
    assert "graceful timeout" not in server.log()


@pytest.mark.parametrize("command", [GUNICORN, SERVE], ids=["gunicorn", "analytics serve"])
def test_a_stopped_worker_disconnects_its_clients_and_the_next_one_serves(
    start_server: StartServer, command: tuple[str, ...]
) -> None:
    server = start_server(command=command)
    before = worker_pid(server)
    with websockets(server, 20) as lives, joined_websocket(server) as live, no_traceback(server):
        stopped = time.monotonic()
        os.kill(before, signal.SIGTERM)
        assert [close_code(one) for one in (*lives, live)] == [GOING_AWAY] * 21
        assert time.monotonic() - stopped < CLOSE_SECONDS + 2, "the next worker starts first"
        check_serves(server, before)
        assert server.stop() == 0
    assert "graceful timeout" not in server.log()


def check_serves(server: Server, before: int) -> None:
    """Check that a worker other than `before` is the only one and serves."""

    def replaced() -> bool:
        with contextlib.suppress(AssertionError):
            return worker_pid(server) != before
        return False

    eventually(replaced)
    eventually(lambda: is_ready(server))
    with websockets(server, 2) as lives, joined_websocket(server):
        assert json.loads(lives[0].recv())["type"] == "dashboard_update"
        assert connected(server) == 3
