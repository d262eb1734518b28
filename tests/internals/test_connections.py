"""The open connections of a worker: the stop, too many of them, and those that wait for long."""

import gc
from typing import Any

import gevent
import pytest
from gevent.event import Event

from analytics.internals.connection import ClientSocket, Expired
from tests.internals.peers import LIMITS, LONG, Peers, read_body, wait_for_request

PARKING = LIMITS._replace(park=0.01)


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


@pytest.mark.parametrize("limits", [PARKING])
def test_a_connection_that_waits_for_long_has_no_greenlet_until_its_request_arrives(peers: Peers) -> None:
    first, client = peers.serve(wait_for_request)
    first.join(timeout=5)
    assert (first.get(), len(peers.all)) == (None, 1)
    client.sendall(b"x")
    assert client.recv(1) == b"", "it was served, and ended"
    assert peers.all.wait(5)
    assert (peers.done, len(peers.all)) == ([None, b"x"], 0)


@pytest.mark.parametrize("limits", [LIMITS._replace(park=LONG)])
def test_a_new_one_is_parked_at_once_if_nothing_has_arrived(peers: Peers) -> None:
    def parked(connection: ClientSocket) -> bool:
        return peers.all.park_silent(connection, served)

    def served(connection: ClientSocket) -> None:
        peers.done.append(wait_for_request(connection))
        connection.sock.close()
        peers.all.close(connection, served)

    silent, client = peers.begin(parked)
    assert silent.get(timeout=5) is True
    assert len(peers.all) == 1
    client.sendall(b"x")
    assert client.recv(1) == b"", "it was served, and ended"
    assert (peers.done, len(peers.all)) == ([b"x"], 0)
    sent, _ = peers.begin(parked, b"y")
    assert sent.get(timeout=5) is False


@pytest.mark.parametrize(("limits", "may_park"), [(LIMITS._replace(park=LONG, head=0.1), True), (LIMITS, False)])
def test_a_silent_one_is_closed_when_its_time_is_up_and_stays_where_none_are_parked(
    peers: Peers, *, may_park: bool
) -> None:
    silent, client = peers.begin(lambda connection: peers.all.park_silent(connection, lambda _: None))
    assert silent.get(timeout=5) is may_park
    if may_park:
        assert client.recv(1) == b""
        assert len(peers.all) == 0


@pytest.mark.parametrize("limits", [LIMITS._replace(park=LONG)])
def test_a_silent_one_keeps_its_greenlet_at_the_stop(peers: Peers) -> None:
    peers.all.stop_waiting()
    silent, _ = peers.begin(lambda connection: peers.all.park_silent(connection, lambda _: None))
    assert silent.get(timeout=5) is False


@pytest.mark.parametrize("limits", [PARKING])
def test_it_waits_again_and_again(peers: Peers) -> None:
    def always(connection: ClientSocket) -> None:
        while head := wait_for_request(connection):
            connection.sendall(head)
            connection.sendall(b".")

    first, client = peers.serve(always)
    first.join(timeout=5)
    for _ in range(3):
        client.sendall(b"x")
        assert client.recv(2) == b"x."
        assert peers.all.wait(5)
    assert (peers.done, len(peers.all)) == ([None] * 4, 1)
    client.close()
    gevent.sleep(0.01)
    assert peers.all.wait(5)
    assert len(peers.all) == 0, "its end is noticed"


@pytest.mark.parametrize("limits", [PARKING._replace(head=1)])
def test_one_without_a_greenlet_is_closed_when_its_time_is_up(peers: Peers) -> None:
    first, client = peers.serve(wait_for_request)
    first.join(timeout=5)
    assert len(peers.all) == 1
    assert client.recv(1) == b""
    assert (peers.done, len(peers.all)) == ([None], 0)


@pytest.mark.parametrize("limits", [PARKING])
def test_one_without_a_greenlet_is_closed_at_the_stop(peers: Peers) -> None:
    first, client = peers.serve(wait_for_request)
    first.join(timeout=5)
    peers.all.stop_waiting()
    assert client.recv(1) == b""
    assert (peers.done, len(peers.all)) == ([None], 0)


@pytest.mark.parametrize("limits", [PARKING])
def test_beyond_the_limit_one_without_a_greenlet_is_closed_first(peers: Peers) -> None:
    idle, oldest = peers.serve(wait_for_request)
    idle.join(timeout=5)
    done = Event()
    busy, _ = peers.serve(busy_until(done), b"busy")
    newest, _ = peers.serve(wait_for_request, b"new")
    assert newest.get(timeout=5) == b"new"
    assert oldest.recv(1) == b""
    done.set()
    assert busy.get(timeout=5) == b"busy"


@pytest.mark.parametrize("limits", [PARKING])
def test_one_that_has_sent_part_of_a_head_is_not_parked(peers: Peers) -> None:
    def two_parts(connection: ClientSocket) -> bytes:
        with connection:
            return connection.recv(1) + connection.recv(1)

    serving, client = peers.serve(two_parts, b"a")
    gevent.sleep(0.03)
    client.sendall(b"b")
    assert serving.get(timeout=5) == b"ab"


@pytest.mark.parametrize("limits", [PARKING])
def test_one_of_whose_next_request_part_was_read_is_not_parked(peers: Peers) -> None:
    def ahead(connection: ClientSocket) -> bytes | None:
        connection.is_ahead = True
        return wait_for_request(connection)

    serving, client = peers.serve(ahead)
    gevent.sleep(0.03)
    client.sendall(b"b")
    assert serving.get(timeout=5) == b"b"


@pytest.mark.parametrize("limits", [PARKING])
def test_one_that_was_parked_and_ended_is_freed_without_the_garbage_collector(peers: Peers) -> None:
    gc.collect()
    gc.disable()
    try:
        before = connections_in_memory()
        for ends_by in ("request", "client"):
            first, client = peers.serve(wait_for_request)
            first.join(timeout=5)
            assert connections_in_memory() == before + 1
            if ends_by == "request":
                client.sendall(b"x")
            else:
                client.close()
            gevent.sleep(0.01)
            assert peers.all.wait(5)
            assert (len(peers.all), connections_in_memory()) == (0, before)
    finally:
        gc.enable()


def connections_in_memory() -> int:
    return sum(isinstance(each, ClientSocket) for each in gc.get_objects())
