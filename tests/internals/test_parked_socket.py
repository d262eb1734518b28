"""A socket that waits in the event loop, without a greenlet."""

import os

import gevent
import pytest
from gevent.event import Event
from gevent.socket import socketpair

from analytics.internals.parked_socket import ParkedSocket, is_silent


@pytest.mark.parametrize("happens", ["data", "end"])
def test_the_loop_tells_of_data_and_of_the_end_and_the_socket_goes_on(happens: str) -> None:
    ours, theirs = socketpair()
    arrived = Event()
    with ours, theirs:
        parked = ParkedSocket(ours, arrived.set)
        ours.close()  # as gevent does when a greenlet ends
        assert not arrived.wait(0.01)
        if happens == "data":
            theirs.sendall(b"x")
        else:
            theirs.shutdown(1)
        assert arrived.wait(5)
        with parked.take() as again:
            assert again.recv(1) == (b"x" if happens == "data" else b"")
            again.sendall(b"y")
            assert theirs.recv(1) == b"y"


def test_one_that_is_closed_is_closed_for_the_other_side_and_tells_no_more() -> None:
    ours, theirs = socketpair()
    arrived = Event()
    with theirs:
        parked = ParkedSocket(ours, arrived.set)
        ours.close()
        parked.close()
        assert theirs.recv(1) == b""
        assert not arrived.wait(0.01)


def test_its_descriptor_stays_open_meanwhile() -> None:
    ours, theirs = socketpair()
    fileno = ours.fileno()
    with theirs:
        parked = ParkedSocket(ours, lambda: None)
        ours.close()
        gevent.sleep(0.01)
        assert os.fstat(fileno)
        parked.close()


def test_a_socket_is_silent_until_data_or_the_end_arrives_and_nothing_is_lost() -> None:
    ours, theirs = socketpair()
    with ours:
        with theirs:
            assert is_silent(ours)
            theirs.sendall(b"x")
            assert not is_silent(ours)
            assert ours.gettimeout() is None
            assert ours.recv(2) == b"x"
            assert is_silent(ours)
        assert not is_silent(ours)
