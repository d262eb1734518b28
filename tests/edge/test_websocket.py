"""Real WebSockets: a snapshot, an update each second, every event, and misbehaving clients."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
import websocket

from tests.conftest import StartServer
from tests.edge.stalls import Stalls
from tests.edge.test_shapes import DASHBOARD, EVENT
from tests.edge.wire import check_shape, check_still_works, connect, eventually, head, unique, websocket_url
from tests.server import Server

Open = Callable[..., websocket.WebSocket]


@pytest.fixture
def open_socket(shared_server: Server) -> Iterator[Open]:
    """Opens WebSockets and closes them all after the test."""
    sockets: list[websocket.WebSocket] = []

    def open_one(**options: Any) -> websocket.WebSocket:
        sockets.append(websocket.create_connection(websocket_url(shared_server), timeout=10, **options))
        return sockets[-1]

    yield open_one
    for one in sockets:
        one.shutdown()


def read(socket: websocket.WebSocket) -> dict[str, Any]:
    message = json.loads(socket.recv())
    assert set(message) - {"dropped"} == {"type", "seq", "data"}
    return message


def until(socket: websocket.WebSocket, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while not wanted(message := read(socket)):
        assert time.monotonic() < deadline, message
    return message


def connections(server: Server) -> int:
    return int(server.get("/dashboard")["realtime_stats"]["active_connections"])


def test_the_first_message_is_a_snapshot_of_the_dashboard(shared_server: Server, open_socket: Open) -> None:
    request = {"endpoint": "/live", "latency": 3}
    shared_server.post("/events", {"type": "request", "service": unique("live"), "data": request})
    first = read(open_socket())
    assert first["type"] == "snapshot"
    check_shape(first["data"], DASHBOARD)
    assert first["data"]["overview"]["total_requests"] == shared_server.get("/dashboard")["overview"]["total_requests"]


def test_an_update_of_the_same_format_comes_each_second(open_socket: Open) -> None:
    live = open_socket()
    read(live)
    came: list[float] = []
    with Stalls() as stalls:
        while len(came) < 5:
            message = until(live, lambda m: m["type"] == "dashboard_update")
            came.append(time.monotonic())
            check_shape(message["data"], {name: shape for name, shape in DASHBOARD.items() if name != "realtime_stats"})
    waits = [later - earlier for earlier, later in pairwise(came)]
    assert all(0.5 - stalls.slack < wait < 1.6 + stalls.slack for wait in waits), (waits, stalls.longest)


def test_every_event_is_sent_in_order_single_or_in_a_batch(shared_server: Server, open_socket: Open) -> None:
    service = unique("events")
    first, second = open_socket(), open_socket()
    shared_server.post("/events", {"type": "purchase", "service": service, "user_id": "u", "data": {"n": 0}})
    batch = [{"type": "search", "service": service, "data": {"n": n}} for n in range(1, 200)]
    shared_server.post("/events", [*batch, {"type": "bad"}])
    for live in (first, second):
        received = []
        while len(received) < 200:
            message = until(live, lambda m: m["type"] == "event" and m["data"]["service"] == service)
            check_shape(message["data"], EVENT)
            received.append(message["data"])
        assert [event["data"]["n"] for event in received] == list(range(200))
    stored = shared_server.get(f"/events?service={service}&limit=200")["events"]
    assert received == stored[::-1]


def test_duplicates_and_rejected_items_are_not_sent(shared_server: Server, open_socket: Open) -> None:
    service = unique("once")
    live = open_socket()
    event = {"type": "search", "service": service, "id": service}
    for more in ({}, {}, {"extra": 1}):
        shared_server.post("/events", {**event, **more})
    shared_server.post("/events", {"type": "last", "service": service})
    received = [until(live, lambda m: m["type"] == "event" and m["data"]["service"] == service) for _ in range(2)]
    assert [message["data"]["type"] for message in received] == ["search", "last"]


def test_open_connections_are_counted(shared_server: Server, open_socket: Open) -> None:
    eventually(lambda: connections(shared_server) == 0)
    live = [open_socket() for _ in range(5)]
    eventually(lambda: connections(shared_server) == 5)
    assert shared_server.get("/health")["stats"]["connected_clients"] == 5
    update = until(live[0], lambda m: m["type"] == "dashboard_update")
    assert update["data"]["realtime_stats"]["active_connections"] == 5
    live[1].close()
    eventually(lambda: connections(shared_server) == 4)
    live[2].sock.close()  # without a close
    eventually(lambda: connections(shared_server) == 3)
    for one in live[3:]:
        one.shutdown()
    eventually(lambda: connections(shared_server) == 1)


def test_compression_is_not_negotiated(open_socket: Open) -> None:
    live = open_socket(header=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
    assert "sec-websocket-extensions" not in {name.lower() for name in live.getheaders()}
    assert read(live)["type"] == "snapshot"


def test_messages_of_clients_are_answered_and_the_connection_stays(open_socket: Open) -> None:
    live = open_socket()
    read(live)
    for text in ("hello", "{}", '{"type":"shout"}', "\0", "x" * 60_000):
        live.send(text)
    live.send_binary(b"\xff\x00" * 100)
    live.ping("still there?")
    live.send('{"type":"ping"}')
    answers: list[str] = []
    while "pong" not in answers:
        answers.append(json.loads(live.recv())["type"])
    assert answers.count("error") == 6
    until(live, lambda m: m["type"] == "dashboard_update")


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024])
def test_a_message_that_is_too_large_ends_only_its_own_connection(
    shared_server: Server, open_socket: Open, size: int
) -> None:
    other, live = open_socket(), open_socket()
    eventually(lambda: connections(shared_server) == 2)
    live.send("x" * size)
    eventually(lambda: connections(shared_server) == 1)
    with pytest.raises((websocket.WebSocketConnectionClosedException, ConnectionError)):
        read_to_the_end(live)
    until(other, lambda m: m["type"] == "dashboard_update")
    check_still_works(shared_server)


def read_to_the_end(socket: websocket.WebSocket) -> None:
    opcode = websocket.ABNF.OPCODE_TEXT
    while opcode != websocket.ABNF.OPCODE_CLOSE:
        opcode, _ = socket.recv_data()
    raise websocket.WebSocketConnectionClosedException("closed in order")


NOISE = {
    "bits": b"\xff" * 500,
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "unmasked": b"\x81\x05hello",
    "reserved": b"\x83\x80\0\0\0\0",
    "half": b"\x81\xfe\xff\xff",
    "invalid UTF-8": b"\x81\x82\0\0\0\0\xc3\x28",
    "2^63 bytes": b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x",
    "short close": b"\x88\x81\0\0\0\0\x03",
}


def test_garbage_does_not_stop_the_server(shared_server: Server, open_socket: Open) -> None:
    eventually(lambda: connections(shared_server) == 0)
    already = shared_server.log().count("Traceback")
    other = open_socket()
    for kind, noise in NOISE.items():
        live = open_socket()
        live.sock.sendall(noise)
        live.shutdown()
        eventually(lambda: connections(shared_server) == 1)
        assert shared_server.log().count("Traceback") == already, kind
    until(other, lambda m: m["type"] == "dashboard_update")
    check_still_works(shared_server)


def test_a_client_that_reads_nothing_does_not_delay_others(start_server: StartServer) -> None:
    server = start_server({"ANALYTICS_CLIENT_TIMEOUT": "60"})
    lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    with connect(server) as deaf, closing(websocket.create_connection(websocket_url(server), timeout=20)) as live:
        deaf.sendall(head(server, "/ws/dashboard", *lines, key, method="GET"))
        eventually(lambda: connections(server) == 2)
        big = {"text": "x" * 30_000}
        for _ in range(6):
            server.post("/events", [{"type": "big", "service": "slow", "data": big}] * 50)
        server.post("/events", {"type": "marker", "service": "slow"})
        until(live, lambda m: m["type"] == "event" and m["data"]["type"] == "marker")
        assert connections(server) == 2, "the client that does not read was waited for, or disconnected too early"
    eventually(lambda: connections(server) == 0)
