"""The socket: whole frames in order, however many greenlets send and however slowly the client receives."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import gevent
import pytest
from gevent import socket as green
from gevent import ssl

from analytics.live.wire.message_socket import MessageSocket
from tests.edge.wire import eventually, tool

BIG = 4 * 1024 * 1024


@pytest.fixture
def pair() -> Iterator[tuple[MessageSocket, socket.socket]]:
    """A socket and the other end of its connection."""
    ours, theirs = green.socketpair()
    yield MessageSocket(ours, timeout=0.3), theirs
    ours.close()
    theirs.close()


def over_tcp(receive_buffer: int = 0) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection; a small receive buffer is soon full."""
    theirs = green.socket()
    if receive_buffer:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    with closing(green.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        theirs.connect(listener.getsockname())
        return listener.accept()[0], theirs


def read(theirs: socket.socket, size: int) -> bytes:
    parts, got = [], 0
    while got < size:
        parts.append(theirs.recv(65_536))
        got += len(parts[-1])
        assert parts[-1]
        gevent.sleep(0)
    return b"".join(parts)


def test_a_push_sends_what_fits_and_a_flush_the_rest(pair: tuple[MessageSocket, socket.socket]) -> None:
    sock, theirs = pair
    assert sock.push(b"a" * 10)
    assert sock.push(b"b" * 10)
    assert not sock.push(b"c" * BIG)
    assert not sock.push(b"d")
    reader = gevent.spawn(read, theirs, BIG + 21)
    sock.flush()
    assert reader.get(timeout=5) == b"a" * 10 + b"b" * 10 + b"c" * BIG + b"d"


def test_frames_of_many_greenlets_do_not_mix(pair: tuple[MessageSocket, socket.socket]) -> None:
    sock, theirs = pair
    frames = [bytes([65 + number]) * 500_000 for number in range(8)]
    senders = [gevent.spawn(sock.send, frame) for frame in frames]
    assert gevent.spawn(read, theirs, sum(map(len, frames))).get(timeout=5) == b"".join(frames)
    gevent.joinall(senders, raise_error=True)


def test_a_client_that_receives_nothing_is_cut_off_in_time(pair: tuple[MessageSocket, socket.socket]) -> None:
    sock, theirs = pair
    started = time.monotonic()
    with pytest.raises(OSError, match="receives nothing"):
        sock.send(b"x" * BIG)
    assert 0.25 < time.monotonic() - started < 2
    with pytest.raises(OSError, match=r".*"):
        sock.send(b"y")
    with gevent.Timeout(5):
        while theirs.recv(1024 * 1024):
            pass


def test_a_client_that_receives_slowly_is_not_cut_off(pair: tuple[MessageSocket, socket.socket]) -> None:
    sock, theirs = pair

    def receive_slowly() -> int:
        got = 0
        while got < BIG:
            got += len(theirs.recv(BIG // 12))
            gevent.sleep(0.05)
        return got

    reader = gevent.spawn(receive_slowly)
    started = time.monotonic()
    sock.send(b"x" * BIG)
    assert reader.get(timeout=10) == BIG
    assert time.monotonic() - started > 0.3, "in all it took longer than the timeout"


def test_a_client_that_receives_slowly_is_not_cut_off_where_two_greenlets_send() -> None:
    ours, theirs = over_tcp(receive_buffer=4096)
    with closing(ours), closing(theirs):
        sock = MessageSocket(ours, timeout=0.5)

        def receive_slowly() -> None:
            while theirs.recv(1024):
                gevent.sleep(0.02)

        receiving = gevent.spawn(receive_slowly)
        senders = [gevent.spawn(sock.send, b"x" * BIG) for _ in range(2)]
        gevent.sleep(3)
        assert not any(each.ready() for each in senders)
        gevent.killall([*senders, receiving])


def test_over_tls_greenlets_send_one_after_another(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out")
    subprocess.run((tool("openssl"), *made, certificate), check=True, capture_output=True)
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(certificate, key)
    trusting.load_verify_locations(certificate)
    ours, theirs = over_tcp()
    greeting = gevent.spawn(trusting.wrap_socket, theirs, server_hostname="localhost")
    with closing(context.wrap_socket(ours, server_side=True)) as secret, closing(greeting.get(timeout=5)) as plain:
        sock = MessageSocket(secret, timeout=5)
        frames = [bytes([65 + number]) * BIG for number in range(3)]
        senders = [gevent.spawn(sock.send, frame) for frame in frames]
        gevent.sleep(0.2)  # all of them block
        assert gevent.spawn(read, plain, 3 * BIG).get(timeout=20) == b"".join(frames)
        gevent.joinall(senders, raise_error=True)


def test_a_push_to_a_closed_connection_is_no_error(pair: tuple[MessageSocket, socket.socket]) -> None:
    sock, theirs = pair
    sock.send(b"handshake")
    theirs.close()
    assert all(sock.push(b"x" * 1000) for _ in range(3))
    with pytest.raises(OSError, match=r".*"):
        sock.send(b"x")


def test_a_client_that_is_gone_before_the_handshake_is_an_end_for_the_reader(
    pair: tuple[MessageSocket, socket.socket],
) -> None:
    sock, theirs = pair
    theirs.close()
    assert sock.send(b"handshake") == len(b"handshake")
    assert sock.recv(100) == b""
    with pytest.raises(BrokenPipeError):
        sock.send(b"frame")


def test_a_client_is_catching_up_while_it_receives_a_part_of_its_backlog() -> None:
    ours, theirs = over_tcp(receive_buffer=4096)
    with closing(ours), closing(theirs):
        sock = MessageSocket(ours, timeout=5)
        assert not sock.is_catching_up()
        assert not sock.push(b"a" * BIG)
        gevent.sleep(0.05)
        sock.is_catching_up()
        gevent.sleep(0.05)
        assert not sock.is_catching_up()
        received = len(read(theirs, 64 * 1024))
        eventually(sock.is_catching_up)
        assert not sock.is_catching_up()
        reader = gevent.spawn(read, theirs, BIG - received)
        sock.flush()
        reader.get(timeout=20)
        eventually(lambda: sock._unacknowledged() == 0)
        assert not sock.is_catching_up()
