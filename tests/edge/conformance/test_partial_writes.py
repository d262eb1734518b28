"""A message bigger than the send buffer, for a client that reads late: production code sends all of it."""

import socket

from tests.edge.frames import UPGRADE, frame
from tests.edge.wire import connect, head
from tests.server import Server

SIZE = 16 * 1024 * 1024
BIG = b"\x81\x7f" + SIZE.to_bytes(8, "big") + b"*" * SIZE
LAST = b"\x81\x04last"


def echoes(server: Server, path: str) -> bytes:
    """Everything echoed for a big and a small message, which are sent before anything is read."""
    with connect(server, 20) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        client.sendall(head(server, path, *UPGRADE, method="GET"))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += client.recv(1)
        client.sendall(frame(b"*" * SIZE))
        client.sendall(frame(b"last"))
        received = bytearray()
        while not received.endswith(LAST):
            part = client.recv(1 << 20)
            assert part, "the connection ended"
            received += part
        return bytes(received)


def test_a_big_message_to_a_late_reader_arrives_completely(echo_server: Server) -> None:
    assert echoes(echo_server, "/echo") == BIG + LAST


def test_the_unmodified_library_loses_most_of_it(echo_server: Server) -> None:
    received = echoes(echo_server, "/shipped/echo")
    assert received[:10] == BIG[:10]
    assert len(received) < len(BIG + LAST), "the library sends whole frames now: no need for a socket of our own"
