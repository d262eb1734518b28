"""A further listener of a worker: it serves connections, lets its port go, and knows the hosts of the master."""

import socket
from types import SimpleNamespace
from typing import Any

import gevent
from gevent import socket as gevent_socket

from analytics.internals.added_listener import AddedListener, hosts

SECONDS = 10


class Worker:
    """The part of gunicorn's worker that a listener uses: it answers each connection with one byte."""

    def __init__(self) -> None:
        self.cfg = SimpleNamespace(is_ssl=False)
        self.worker_connections = 5
        self.sockets: list[Any] = []
        self.environs: list[Any] = []

    def handle(self, listener: AddedListener, client: socket.socket, address: object) -> None:
        self.environs.append(listener.environ)
        client.sendall(b"!")
        client.close()


def test_connections_are_handled_by_the_worker_until_it_is_closed() -> None:
    worker = Worker()
    listener = AddedListener(worker, "127.0.0.1", 0, {"added": True})
    address = listener.getsockname()
    try:
        with gevent.Timeout(SECONDS), gevent_socket.create_connection(address) as client:
            assert client.recv(1) == b"!"
    finally:
        listener.close()
    listener.wait(SECONDS)
    assert worker.environs == [{"added": True}]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(address)


def test_the_hosts_of_the_master_are_those_of_its_listeners_with_addresses() -> None:
    worker = Worker()
    names: list[object] = [("127.0.0.1", 1), ("127.0.0.1", 2), ("::1", 1, 0, 0), "/run/analytics.sock"]
    worker.sockets = [SimpleNamespace(getsockname=lambda name=name: name) for name in names]
    assert hosts(worker) == {"127.0.0.1": {1, 2}, "::1": {1}}
