"""Connections with limits, on pairs of sockets."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import gevent
import pytest
from gevent.event import Event
from gevent.socket import socket, socketpair
from gunicorn.http.errors import LimitRequestHeaders

from analytics.internals.connections import (
    HEAD_BYTES,
    Connection,
    Connections,
    Expired,
    Limits,
    TooMuchFraming,
)

LONG = 60.0
LIMITS = Limits(connections=2, idle=LONG, head=LONG, body=LONG, send=LONG, body_bytes=10_000, bodies_bytes=1_000)


class Peers:
    """Connections, each served by a greenlet that `serve` starts, and the other ends of their sockets."""

    def __init__(self, limits: Limits) -> None:
        self.all = Connections(limits, lambda status, reason, message: f"{status}".encode())
        self._stack = ExitStack()
        self._serving: list[gevent.Greenlet] = []

    def serve(self, work: Any, sent: bytes = b"") -> tuple[gevent.Greenlet, socket]:
        """Open a connection whose client has sent something, and call `work` with it."""
        ours, theirs = socketpair()
        theirs.settimeout(5)
        theirs.sendall(sent)
        self._stack.enter_context(theirs)

        def run() -> Any:
            with ours:
                connection = self.all.open(ours)
                if connection is None:
                    return None
                try:
                    return work(connection)
                finally:
                    self.all.close(connection)

        greenlet = gevent.spawn(run)
        self._serving.append(greenlet)
        gevent.sleep(0)
        return greenlet, theirs

    def close(self) -> None:
        gevent.killall(self._serving)
        self._stack.close()


@pytest.fixture
def limits() -> Limits:
    return LIMITS


@pytest.fixture
def peers(limits: Limits) -> Iterator[Peers]:
    peers = Peers(limits)
    yield peers
    peers.close()


def wait_for_request(connection: Connection) -> bytes | None:
    """Read the head of a request, in one go; None if there is none."""
    with connection:
        return connection.recv(100)
    return None


def read_body(connection: Connection) -> Any:
    """Read a head, and then a body until it fails; the bytes that came, and why it failed."""
    wait_for_request(connection)
    data = b""
    while True:
        try:
            part = connection.recv(100)
        except (Expired, TooMuchFraming) as error:
            return data, type(error)
        if not part:
            return data, None
        data += part


def busy_until(event: Event) -> Any:
    """Work on a request, without waiting for its client, until the event."""

    def work(connection: Connection) -> bytes | None:
        head = wait_for_request(connection)
        event.wait()
        return head

    return work


def test_a_connection_that_waits_is_closed_at_the_stop_without_an_answer(peers: Peers) -> None:
    waiting, client = peers.serve(wait_for_request)
    peers.all.stop_waiting()
    assert waiting.get(timeout=5) is None
    assert client.recv(100) == b""
    assert len(peers.all) == 0


def test_a_request_that_arrives_at_the_moment_of_the_stop_is_served(peers: Peers) -> None:
    waiting, client = peers.serve(wait_for_request)
    client.sendall(b"x")
    gevent.sleep(0.01)
    peers.all.stop_waiting()
    assert waiting.get(timeout=5) == b"x"


def test_a_body_is_still_received_during_the_stop(peers: Peers) -> None:
    reading, client = peers.serve(read_body, b"x")
    gevent.sleep(0.01)
    peers.all.stop_waiting()
    client.sendall(b"body")
    client.close()
    assert reading.get(timeout=5) == (b"body", None)


def test_a_wait_that_begins_after_the_stop_is_short(peers: Peers) -> None:
    peers.all.stop_waiting()
    waiting, _ = peers.serve(wait_for_request)
    assert waiting.get(timeout=5) is None
    served, _ = peers.serve(wait_for_request, b"x")
    assert served.get(timeout=5) == b"x"


@pytest.mark.parametrize("limits", [LIMITS._replace(head=0.05)])
def test_the_first_request_has_to_begin_soon_and_a_later_one_may_wait(peers: Peers) -> None:
    first, _ = peers.serve(wait_for_request)
    assert first.get(timeout=5) is None

    def twice(connection: Connection) -> list[bytes | None]:
        return [wait_for_request(connection), wait_for_request(connection)]

    both, client = peers.serve(twice, b"1")
    gevent.sleep(0.1)
    client.sendall(b"2")
    assert both.get(timeout=5) == [b"1", b"2"]


def test_the_head_of_a_request_has_a_size_limit(peers: Peers) -> None:
    def read(connection: Connection) -> None:
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


def test_bodies_together_have_a_limit_and_the_one_that_takes_longest_is_cut(peers: Peers) -> None:
    oldest, _ = peers.serve(read_body, b"x" * 600)
    other, client = peers.serve(read_body, b"x")
    gevent.sleep(0.01)
    client.sendall(bytes(900))
    gevent.sleep(0.01)
    client.close()
    assert oldest.get(timeout=5)[1] is Expired
    assert other.get(timeout=5) == (bytes(900), None)


def test_bodies_that_are_done_with_count_no_more(peers: Peers) -> None:
    for _ in range(5):
        reading, client = peers.serve(read_body, b"x")
        client.sendall(bytes(900))
        client.close()
        assert reading.get(timeout=5) == (bytes(900), None)


@pytest.mark.parametrize("limits", [LIMITS._replace(send=0.05)])
def test_sending_to_a_client_that_receives_nothing_fails(peers: Peers) -> None:
    def send(connection: Connection) -> None:
        connection.sendall(bytes(10_000_000))

    sending, client = peers.serve(send)
    with pytest.raises(BrokenPipeError, match="does not receive"):
        sending.get(timeout=5)
    assert client.recv(1) == bytes(1)


@pytest.mark.parametrize("limits", [LIMITS._replace(send=0.5)])
def test_a_client_that_receives_slowly_gets_everything(peers: Peers) -> None:
    def send(connection: Connection) -> None:
        connection.sendall(bytes(3_000_000))

    sending, client = peers.serve(send)
    received = 0
    while received < 3_000_000:
        received += len(client.recv(100_000))
        gevent.sleep(0.02)
    sending.get(timeout=5)


def test_beyond_the_limit_the_connection_that_waits_longest_is_closed(peers: Peers) -> None:
    done = Event()
    busy, _ = peers.serve(busy_until(done), b"busy")
    idle, _ = peers.serve(wait_for_request)
    newest, _ = peers.serve(wait_for_request, b"new")
    assert newest.get(timeout=5) == b"new"
    assert idle.get(timeout=5) is None
    assert not busy.ready()
    done.set()
    assert busy.get(timeout=5) == b"busy"


def test_a_connection_that_had_a_request_counts_from_its_end(peers: Peers) -> None:
    def twice(connection: Connection) -> list[bytes | None]:
        return [wait_for_request(connection), wait_for_request(connection)]

    active, client = peers.serve(twice)
    silent, _ = peers.serve(wait_for_request)
    client.sendall(b"1")
    gevent.sleep(0.01)
    newest, _ = peers.serve(wait_for_request, b"new")
    assert silent.get(timeout=5) is None
    assert newest.get(timeout=5) == b"new"
    client.sendall(b"2")
    assert active.get(timeout=5) == [b"1", b"2"]


def test_a_new_connection_is_refused_while_all_others_are_busy(peers: Peers, caplog: pytest.LogCaptureFixture) -> None:
    done = Event()
    busy = [peers.serve(busy_until(done), b"busy")[0] for _ in range(2)]
    for _ in range(2):
        _, client = peers.serve(wait_for_request, b"new")
        assert client.recv(100) == b"503"
    assert [record.message for record in caplog.records] == [
        "2 connections are open: idle ones are closed, or new ones refused"
    ]
    done.set()
    assert [each.get(timeout=5) for each in busy] == [b"busy", b"busy"]
    assert peers.serve(wait_for_request, b"new")[0].get(timeout=5) == b"new"
