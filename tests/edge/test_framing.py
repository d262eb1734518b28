"""Framing of bodies: chunks, early ends and slow clients; incomplete bodies are not recorded."""

import gzip
import socket
import time
from collections.abc import Iterator

import pytest

from tests.edge.bodies import BATCH, CHUNKED, JSON, encoded, event
from tests.edge.wire import (
    check_problem,
    check_still_works,
    chunked,
    connect,
    counted,
    eventually,
    exchange,
    head,
    read_answer,
)
from tests.server import Server

ONE = encoded(event("framed"))


def test_a_chunked_body_works_with_extensions_and_trailers(shared_server: Server) -> None:
    body = b"%x;name=value\r\n%b\r\n0\r\nX-Trailer: 1\r\n\r\n" % (len(ONE), ONE)
    with counted(shared_server, accepted=2):
        assert exchange(shared_server, head(shared_server, "/events", *CHUNKED), *chunked(ONE, 7)).status == 201
        assert exchange(shared_server, head(shared_server, "/events", *CHUNKED), body).status == 201


def test_a_chunked_gzip_body_works(shared_server: Server) -> None:
    lines = head(shared_server, "/events", *CHUNKED, "Content-Encoding: gzip")
    with counted(shared_server, accepted=2):
        assert exchange(shared_server, lines, *chunked(gzip.compress(BATCH), 9)).status == 200


def test_expect_100_continue_is_answered(shared_server: Server) -> None:
    with counted(shared_server, accepted=1), connect(shared_server) as connection:
        lines = (JSON, "Expect: 100-continue", f"Content-Length: {len(ONE)}")
        connection.sendall(head(shared_server, "/events", *lines))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(ONE)
        assert read_answer(connection).status == 201


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((JSON, f"Content-Length: {len(ONE) + 1}"), ONE),
        ((JSON, "Content-Length: 1000"), b""),
        (CHUNKED, b"%x\r\n%b" % (len(ONE) + 9, ONE)),
        (CHUNKED, b"%x\r\n%b\r\n" % (len(ONE), ONE)),
        (CHUNKED, b""),
    ],
    ids=["a byte short", "no byte", "in a chunk", "between chunks", "before the first chunk"],
)
def test_a_body_that_ends_early_is_not_recorded(shared_server: Server, headers: tuple[str, ...], body: bytes) -> None:
    with counted(shared_server, drops={"incomplete_body": 1}):
        answer = exchange(shared_server, head(shared_server, "/events", *headers), body, ends=True)
        check_problem(answer, 400, "incomplete_body")
    check_still_works(shared_server)


def test_a_body_whose_client_disconnects_is_not_recorded(shared_server: Server) -> None:
    rejected = shared_server.get("/stats")["drops"].get("incomplete_body", 0)
    with connect(shared_server) as connection:
        connection.sendall(head(shared_server, "/events", JSON, "Content-Length: 5000") + ONE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close with a reset
    eventually(lambda: shared_server.get("/stats")["drops"].get("incomplete_body", 0) == rejected + 1)
    check_still_works(shared_server)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n" + ONE + b"\r\n0\r\n\r\n",
        b"-5\r\n" + ONE + b"\r\n0\r\n\r\n",
        b"%x\r\n%bXX0\r\n\r\n" % (len(ONE), ONE),
        b"%x\r\n%bXX0\r\n\r\n" % (len(ONE) - 3, ONE),
        b"ffffffffffffffffffff\r\n" + ONE,
    ],
    ids=["no number", "negative", "no line end", "too short", "huge"],
)
def test_wrong_chunks_are_a_400(shared_server: Server, body: bytes) -> None:
    with counted(shared_server, drops={"incomplete_body" if body.startswith(b"f") else "malformed_chunks": 1}):
        answer = exchange(shared_server, head(shared_server, "/events", *CHUNKED), body, ends=True)
        check_problem(answer, 400)
    check_still_works(shared_server)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /health?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ],
    ids=["garbage", "negative length", "no length", "two framings", "header name", "long header", "long line"],
)
def test_invalid_http_gets_an_error_of_the_usual_format(
    shared_server: Server, request_text: bytes, status: int
) -> None:
    with counted(shared_server):
        check_problem(exchange(shared_server, request_text), status)
    check_still_works(shared_server)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits half a second for a body."""
    with Server(tmp_path_factory.mktemp("impatient") / "server.log", {"ANALYTICS_BODY_TIMEOUT": "0.5"}) as server:
        yield server


def test_a_slow_body_is_a_408_and_closes_the_connection(impatient: Server) -> None:
    for framing in ((JSON, "Content-Length: 500"), CHUNKED):
        with counted(impatient, drops={"body_timeout": 1}), connect(impatient, timeout=10) as connection:
            started = time.monotonic()
            connection.sendall(head(impatient, "/events", *framing))
            answer = read_answer(connection)
            check_problem(answer, 408, "body_timeout")
            assert time.monotonic() - started > 0.4
            assert connection.recv(1) == b"", "later bytes on this connection belong to the abandoned body"
        check_still_works(impatient)


def test_a_trickling_body_has_a_total_time_limit(impatient: Server) -> None:
    with connect(impatient) as connection:
        connection.sendall(head(impatient, "/events", JSON, "Content-Length: 500"))
        connection.settimeout(0.05)
        started = time.monotonic()
        received = b""
        while not received and time.monotonic() - started < 10:
            connection.sendall(b" ")
            try:
                received = connection.recv(1000)
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408")
