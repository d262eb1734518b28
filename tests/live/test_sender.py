"""The sender: whole frames in their order, whoever sends them and however slowly they are taken."""

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

from analytics.live.sender import WholeSender
from tests.edge.wire import eventually, tool

BIG = 4 * 1024 * 1024


@pytest.fixture
def pair() -> Iterator[tuple[WholeSender, socket.socket]]:
    """A sender and the other end of its connection."""
    ours, theirs = green.socketpair()
    yield WholeSender(ours, patience=0.3), theirs
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


def test_a_push_takes_what_fits_and_a_send_brings_the_rest(pair: tuple[WholeSender, socket.socket]) -> None:
    sender, theirs = pair
    assert sender.push(b"a" * 10)
    assert sender.push(b"b" * 10)
    assert not sender.push(b"c" * BIG)
    assert not sender.push(b"d")
    reader = gevent.spawn(read, theirs, BIG + 21)
    sender.flush()
    assert reader.get(timeout=5) == b"a" * 10 + b"b" * 10 + b"c" * BIG + b"d"


def test_frames_of_many_senders_do_not_mix(pair: tuple[WholeSender, socket.socket]) -> None:
    sender, theirs = pair
    frames = [bytes([65 + number]) * 500_000 for number in range(8)]
    senders = [gevent.spawn(sender.send, frame) for frame in frames]
    assert gevent.spawn(read, theirs, sum(map(len, frames))).get(timeout=5) == b"".join(frames)
    gevent.joinall(senders, raise_error=True)


def test_who_takes_nothing_is_cut_off_on_time(pair: tuple[WholeSender, socket.socket]) -> None:
    sender, theirs = pair
    started = time.monotonic()
    with pytest.raises(OSError, match="takes nothing"):
        sender.send(b"x" * BIG)
    assert 0.25 < time.monotonic() - started < 2
    with pytest.raises(OSError, match=r".*"):
        sender.send(b"y")
    with gevent.Timeout(5):
        while theirs.recv(1024 * 1024):
            pass


def test_who_takes_a_little_now_and_then_is_not_cut_off(pair: tuple[WholeSender, socket.socket]) -> None:
    sender, theirs = pair

    def sip() -> int:
        got = 0
        while got < BIG:
            got += len(theirs.recv(BIG // 12))
            gevent.sleep(0.05)
        return got

    reader = gevent.spawn(sip)
    started = time.monotonic()
    sender.send(b"x" * BIG)
    assert reader.get(timeout=10) == BIG
    assert time.monotonic() - started > 0.3, "in all it took longer than patience lasts"


def test_who_takes_little_is_not_cut_off_where_two_wait_to_send() -> None:
    ours, theirs = over_tcp(receive_buffer=4096)
    with closing(ours), closing(theirs):
        sender = WholeSender(ours, patience=0.5)

        def sip() -> None:
            while theirs.recv(1024):
                gevent.sleep(0.02)

        sip_by_sip = gevent.spawn(sip)
        senders = [gevent.spawn(sender.send, b"x" * BIG) for _ in range(2)]
        gevent.sleep(3)
        assert not any(each.ready() for each in senders)
        gevent.killall([*senders, sip_by_sip])


def test_over_tls_many_senders_have_their_turns(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out")
    subprocess.run((tool("openssl"), *made, certificate), check=True, capture_output=True)
    context, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(certificate, key)
    trusting.load_verify_locations(certificate)
    ours, theirs = over_tcp()
    greeting = gevent.spawn(trusting.wrap_socket, theirs, server_hostname="localhost")
    with closing(context.wrap_socket(ours, server_side=True)) as secret, closing(greeting.get(timeout=5)) as plain:
        sender = WholeSender(secret, patience=5)
        frames = [bytes([65 + number]) * BIG for number in range(3)]
        senders = [gevent.spawn(sender.send, frame) for frame in frames]
        gevent.sleep(0.2)  # all of them wait
        assert gevent.spawn(read, plain, 3 * BIG).get(timeout=20) == b"".join(frames)
        gevent.joinall(senders, raise_error=True)


def test_a_push_to_who_is_gone_is_no_error(pair: tuple[WholeSender, socket.socket]) -> None:
    sender, theirs = pair
    theirs.close()
    assert all(sender.push(b"x" * 1000) for _ in range(3))
    with pytest.raises(OSError, match=r".*"):
        sender.send(b"x")


def test_who_takes_some_of_what_waits_is_catching_up_and_who_takes_nothing_or_all_is_not() -> None:
    ours, theirs = over_tcp(receive_buffer=4096)
    with closing(ours), closing(theirs):
        sender = WholeSender(ours, patience=5)
        assert not sender.is_catching_up()
        assert not sender.push(b"a" * BIG)
        gevent.sleep(0.05)
        sender.is_catching_up()
        gevent.sleep(0.05)
        assert not sender.is_catching_up()
        taken = len(read(theirs, 64 * 1024))
        eventually(sender.is_catching_up)
        assert not sender.is_catching_up()
        reader = gevent.spawn(read, theirs, BIG - taken)
        sender.flush()
        reader.get(timeout=20)
        eventually(lambda: sender._untaken() == 0)
        assert not sender.is_catching_up()
