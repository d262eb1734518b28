"""The limits of one connection."""

from typing import Any

import gevent
import pytest
from gunicorn.http.errors import LimitRequestHeaders

from analytics.internals.connection import HEAD_BYTES, ClientSocket, Expired, TooMuchFraming
from tests.internals.peers import LIMITS, Peers, read_body, wait_for_request


@pytest.mark.parametrize("limits", [LIMITS._replace(head=0.05)])
def test_the_first_request_has_to_begin_soon_and_a_later_one_may_wait(peers: Peers) -> None:
    first, _ = peers.serve(wait_for_request)
    assert first.get(timeout=5) is None

    def twice(connection: ClientSocket) -> list[bytes | None]:
        return [wait_for_request(connection), wait_for_request(connection)]

    both, client = peers.serve(twice, b"1")
    gevent.sleep(0.1)
    client.sendall(b"2")
    assert both.get(timeout=5) == [b"1", b"2"]


def test_the_head_of_a_request_has_a_size_limit(peers: Peers) -> None:
    def read(connection: ClientSocket) -> None:
        with connection:
            while True:
                connection.recv(HEAD_BYTES)

    reading, client = peers.serve(read, bytes(HEAD_BYTES))
    client.sendall(b"x")
    with pytest.raises(LimitRequestHeaders):
        reading.get(timeout=5)


@pytest.mark.parametrize("limits", [LIMITS._replace(body=0.2, bodies_bytes=10**6)])
def test_a_body_may_take_long_while_it_keeps_the_least_rate(peers: Peers) -> None:
    reading, client = peers.serve(read_body, b"x")
    for _ in range(4):
        gevent.sleep(0.1)
        client.sendall(bytes(250))  # 205 bytes are due within each 0.2 s
    client.sendall(b"slow")
    assert reading.get(timeout=5) == (bytes(1_000) + b"slow", Expired)


def test_a_body_with_too_much_framing_is_refused(peers: Peers) -> None:
    reading, client = peers.serve(read_body, b"x")
    client.sendall(bytes(10_001))
    assert reading.get(timeout=5)[1] is TooMuchFraming


@pytest.mark.parametrize("limits", [LIMITS._replace(send=0.05)])
def test_sending_to_a_client_that_receives_nothing_fails(peers: Peers) -> None:
    def send(connection: ClientSocket) -> None:
        connection.sendall(bytes(10_000_000))

    sending, client = peers.serve(send)
    with pytest.raises(BrokenPipeError, match="does not receive"):
        sending.get(timeout=5)
    assert client.recv(1) == bytes(1)


@pytest.mark.parametrize("limits", [LIMITS._replace(send=0.5)])
def test_a_client_that_receives_slowly_gets_everything(peers: Peers) -> None:
    def send(connection: ClientSocket) -> None:
        connection.sendall(bytes(3_000_000))

    sending, client = peers.serve(send)
    received = 0
    while received < 3_000_000:
        received += len(client.recv(100_000))
        gevent.sleep(0.02)
    sending.get(timeout=5)


@pytest.mark.parametrize("body", [[], [b"body"], [b"a", b"b", b"c"]])
@pytest.mark.parametrize("requests", [1, 3])
def test_the_head_of_an_answer_is_sent_with_the_first_part_of_its_body(
    peers: Peers, body: list[bytes], requests: int
) -> None:
    parts: list[bytes] = []

    def answer(connection: ClientSocket) -> None:
        connection.sock = Recording(connection.sock, parts)
        for _ in range(requests):
            wait_for_request(connection)
            connection.sendall(b"head ")
            for part in body:
                connection.sendall(part)
            connection.finish(NoBody(), keep=True)

    answering, client = peers.serve(answer)
    for _ in range(requests):
        client.sendall(b"1")
        expected = b"".join([b"head ", *body])
        received = b""
        while len(received) < len(expected):
            received += client.recv(100)
        assert received == expected
    answering.get(timeout=5)
    assert parts == [b"".join([b"head ", *body[:1]]), *body[1:]] * requests


def test_a_head_without_a_body_is_sent_before_the_connection_is_closed(peers: Peers) -> None:
    def answer(connection: ClientSocket) -> None:
        wait_for_request(connection)
        connection.sendall(b"head")
        connection.close()

    answering, client = peers.serve(answer, b"1")
    assert (client.recv(100), client.recv(100)) == (b"head", b"")
    answering.get(timeout=5)


class Recording:
    """A socket that records what is sent in one call."""

    def __init__(self, sock: Any, parts: list[bytes]) -> None:
        self._sock, self._parts = sock, parts

    def sendall(self, data: bytes) -> None:
        self._parts.append(data)
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class NoBody:
    """The body of a request that has none."""

    failed = False

    def read(self, _: int) -> bytes:
        return b""
