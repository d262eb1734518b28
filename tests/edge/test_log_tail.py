"""Live log lines over real connections: WebSockets and server-sent events."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from websocket import WebSocketBadStatusException, create_connection

from tests.edge.wire import eventually, unique
from tests.server import Server

SERVICE = ("-m", "gunicorn", "-k", "gevent", "-c", "gunicorn.conf.py", "tests.edge.lines_app:app")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(
        tmp_path_factory.mktemp("tail") / "server.log", {"ANALYTICS_CORS_ORIGINS": "https://shop.example"}, SERVICE
    ) as server:
        yield server


def record(server: Server, service: str = "shop", count: int = 1) -> None:
    assert requests.post(f"{server.url}/record?service={service}&count={count}", timeout=10).status_code == 204


def tail(server: Server, path: str) -> Any:
    return create_connection(f"ws://127.0.0.1:{server.port}{path}", timeout=10)


def test_lines_arrive_by_websocket(server: Server) -> None:
    socket = tail(server, "/logs/tail?service=shop&q=line")
    record(server, "other")
    record(server, count=2)
    bodies = [json.loads(socket.recv())["body"] for _ in range(2)]
    socket.close()
    assert [body[:6] for body in bodies] == ["line 0", "line 1"]


def test_lines_arrive_as_streams_of_loki(server: Server) -> None:
    socket = tail(server, f"/loki/api/v1/tail?query=%7Bservice_name%3D%22shop%22%7D&start={time.time_ns()}")
    record(server, "other")
    record(server)
    (stream,) = json.loads(socket.recv())["streams"]
    socket.close()
    assert stream["stream"]["service_name"] == "shop"
    assert stream["values"][0][1].startswith("line 0")


def received(socket: Any, count: int) -> list[list[str]]:
    """The lines that a tail of Loki's API receives, with their times."""
    return [json.loads(socket.recv())["streams"][0]["values"][0] for _ in range(count)]


def kept_lines(server: Server, service: str) -> list[list[str]]:
    """The lines of a service with their times, the oldest first."""
    asked = {"query": f'{{service_name="{service}"}}', "direction": "forward", "limit": 5000}
    found = server.get("/loki/api/v1/query_range", params=asked)["data"]["result"]
    return [value for stream in found for value in stream["values"]]


def test_a_tail_of_loki_begins_with_the_newest_lines_and_has_each_once(server: Server) -> None:
    service = unique("before")
    query = f"/loki/api/v1/tail?query=%7Bservice_name%3D%22{service}%22%7D"
    record(server, service, count=5)
    kept = kept_lines(server, service)
    for asked, count in (("&limit=3", 3), ("&limit=0", 0), ("&start=NOW", 0), ("", 8)):
        socket = tail(server, query + asked.replace("NOW", str(time.time_ns())) + "&delay_for=0")
        assert received(socket, count) == kept[len(kept) - count :]
        record(server, service)
        (live,) = received(socket, 1)
        kept.append(live)
        assert kept_lines(server, service) == kept
        socket.close()


def test_a_tail_with_a_delay_sends_the_lines_of_slow_senders_in_their_place(server: Server) -> None:
    service = unique("delayed")
    asked = f"/loki/api/v1/tail?query=%7Bservice_name%3D%22{service}%22%7D&delay_for=1&limit=0"
    socket, now = tail(server, asked), time.time_ns()
    sent = [("third", 3), ("first", 1), ("second", 2)]
    lines = [{"service": service, "message": message, "timestamp": now + after} for message, after in sent]
    assert server.post("/logs", lines).ok  # together, as one of them may be due before the next one is sent
    found = received(socket, 3)
    socket.close()
    assert [line for _, line in found] == ["first", "second", "third"]
    assert time.time_ns() >= int(found[0][0]) + 1_000_000_000


def test_lines_that_come_while_a_tail_begins_are_sent_once(server: Server) -> None:
    service, over = unique("meanwhile"), threading.Event()

    def send() -> None:
        while not over.is_set():
            record(server, service)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        eventually(lambda: len(kept_lines(server, service)) > 5)
        socket = tail(server, f"/loki/api/v1/tail?query=%7Bservice_name%3D%22{service}%22%7D&limit=5000")
        found = received(socket, 40)
        socket.close()
    finally:
        over.set()
        sender.join()
    assert found == kept_lines(server, service)[: len(found)]


def test_lines_arrive_as_server_sent_events(server: Server) -> None:
    with requests.get(f"{server.url}/logs/tail?service=shop", stream=True, timeout=10) as answer:
        lines = answer.iter_lines()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert next(lines).startswith(b":")
        record(server)
        data = next(line for line in lines if line.startswith(b"data: "))
    assert json.loads(data.removeprefix(b"data: "))["service"] == "shop"


def test_a_reader_that_was_slow_is_told_what_it_missed(server: Server) -> None:
    socket = tail(server, "/logs/tail?service=shop")
    for _ in range(2):
        record(server, count=10_000)
    found = [json.loads(socket.recv())]
    record(server, "shop")
    while "dropped" not in found[-1]:
        found.append(json.loads(socket.recv()))
    lost, got = found[-1]["dropped"], len(found) - 1
    while lost + got < 20_001:
        message = json.loads(socket.recv())
        lost, got = lost + message.get("dropped", 0), got + ("body" in message)
    socket.close()
    assert lost + got == 20_001


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/logs/tail?q=(", 422),
        ("/loki/api/v1/tail?query=%7B", 400),
        ("/loki/api/v1/tail", 400),
        ("/loki/api/v1/tail?query=%7B%7D&limit=x", 400),
        ("/loki/api/v1/tail?query=%7B%7D&start=x", 400),
        ("/loki/api/v1/tail?query=%7B%7D&delay_for=9", 400),
        ("/loki/api/v1/tail?query=%7B%7D&delay_for=0.5", 400),
    ],
)
def test_a_query_that_is_not_valid_opens_no_connection(server: Server, path: str, status: int) -> None:
    with pytest.raises(WebSocketBadStatusException) as refused:
        tail(server, path)
    assert refused.value.status_code == status


def test_pages_of_other_sites_cannot_follow_lines(server: Server) -> None:
    for path in ("/logs/tail", "/loki/api/v1/tail?query=%7B%7D"):
        with pytest.raises(WebSocketBadStatusException) as refused:
            create_connection(f"ws://127.0.0.1:{server.port}{path}", timeout=10, origin="https://other.example")
        assert refused.value.status_code == 403


def test_the_service_says_that_it_is_ready_as_loki_does(server: Server) -> None:
    assert requests.get(f"{server.url}/ready", timeout=10).text == "ready\n"


def test_an_erasure_cuts_a_stream_whose_reader_does_not_read(server: Server) -> None:
    service = unique("slow")
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
        reader.settimeout(10)
        reader.connect(("127.0.0.1", server.port))
        reader.sendall(f"GET /logs/tail?service={service} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert b"text/event-stream" in reader.recv(1_000)
        for _ in range(4):  # more than the system's buffers hold
            line = {"service": service, "message": "user_id=nobody " + "x" * 60_000}
            assert server.post("/logs", [line] * 100).json()["accepted"] == 100
        eventually(lambda: len(kept_lines(server, service)) == 400)
        assert requests.delete(f"{server.url}/users/another", timeout=10).status_code == 200
        read = 0
        with contextlib.suppress(ConnectionResetError):
            while part := reader.recv(1_000_000):
                read += len(part)
    assert read < 400 * 60_000
