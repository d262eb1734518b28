"""The open connections of a worker: the stop, and too many of them."""

from typing import Any

import gevent
import pytest
from gevent.event import Event

from analytics.internals.connection import ClientSocket, Expired
from tests.internals.peers import Peers, read_body, wait_for_request


def busy_until(event: Event) -> Any:
    """Work on a request, without waiting for its client, until the event."""

    def work(connection: ClientSocket) -> bytes | None:
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
    def twice(connection: ClientSocket) -> list[bytes | None]:
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
