"""The private parts of gevent that the service relies on."""

import subprocess
import sys

import pytest
from gevent import socket as green
from gevent import ssl

from analytics.internals.gevent import raw_socket


def test_the_raw_socket_of_a_connection_does_not_block() -> None:
    ours, theirs = green.socketpair()
    with ours, theirs:
        raw = raw_socket(ours)
        assert raw is not None
        assert raw.fileno() == ours.fileno()
        with pytest.raises(BlockingIOError):
            raw.recv(1)
        size = 4 * 1024 * 1024
        assert 0 < raw.send(bytes(size)) < size
        with pytest.raises(BlockingIOError):
            raw.send(b"x")


def test_a_tls_connection_has_no_raw_socket() -> None:
    ours, theirs = green.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ours, theirs, context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False) as secure:
        assert raw_socket(secure) is None


@pytest.mark.parametrize(("before", "looks"), [("", True), ("gevent.patch_without_plugins()", False)])
def test_modules_are_patched_without_a_look_for_plugins(before: str, looks: bool) -> None:
    program = f"""if True:
        import importlib.metadata, socket
        from gevent import monkey
        from analytics.internals import gevent
        asked = []
        importlib.metadata.entry_points = lambda **group: asked.append(group) or ()
        {before}
        monkey.patch_all()
        print(bool(asked), monkey.is_object_patched("socket", "socket"))
    """
    # without warnings of modules that are loaded before they are patched
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == ([str(looks), "True"], "")
