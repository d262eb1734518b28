"""Clients that close the connection while their request is answered."""

import socket

from analytics.internals.departure import departure


def test_a_client_has_left_once_it_has_closed_the_connection() -> None:
    mine, theirs = socket.socketpair()
    with mine, theirs:
        mine.settimeout(0.0)
        has_left = departure({"gunicorn.socket": mine})
        assert not has_left()
        theirs.send(b"GET")
        assert not has_left()
        mine.recv(3)
        theirs.close()
        assert has_left()
    assert has_left()


def test_without_a_socket_nobody_leaves() -> None:
    assert not departure({})()
