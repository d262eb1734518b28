"""The private parts of gunicorn that the service relies on."""

import contextlib
import inspect
import os
import signal
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
import pytest
from gevent import socket as green
from gevent.event import Event
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker

from analytics.connection_limits import ConnectionLimits
from analytics.internals.connection import Expired
from analytics.internals.gunicorn import (
    BOOT_ERROR,
    CHILDREN,
    call_on_reload,
    forward_reload,
    guard,
    hold_reload,
    replace_error_page,
    run_to_completion,
)
from analytics.serving.application import GunicornServer

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW, UNREAD = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n", b"/unread"
LIMITS = ConnectionLimits(
    connections=10, idle=60, head=60, body=60, send=60, body_bytes=1_000_000, bodies_bytes=10_000_000
)
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


class Connections:
    """A gevent worker that serves connections of the test."""

    def __init__(self) -> None:
        cfg = Config()
        cfg.set("keepalive", 60)
        self.worker = GeventWorker(0, os.getpid(), [], None, 30, cfg, Logger(cfg))
        self.worker.wsgi = self._app
        self.read_errors: list[type[Exception]] = []
        self.sockets: list[tuple[type, float | None]] = []
        self.may_answer = Event()
        self._listener = green.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._serving: list[gevent.Greenlet] = []

    def open(self, data: bytes) -> green.socket:
        """A connection whose client has sent `data`."""
        client = green.create_connection(self._listener.getsockname(), timeout=5)
        client.sendall(data)
        accepted, address = self._listener.accept()
        self._serving.append(gevent.spawn(self.worker.handle, self._listener, accepted, address))
        return client

    def close(self) -> None:
        gevent.killall(self._serving)
        self._listener.close()
        self.worker.tmp.close()

    def _app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        sock = environ["gunicorn.socket"]
        self.sockets.append((type(sock), sock.gettimeout()))
        if environ["PATH_INFO"] == "/slow":
            self.may_answer.wait()
        try:
            if environ["PATH_INFO"].encode() != UNREAD:
                environ["wsgi.input"].read()
        except Exception as error:  # noqa: BLE001
            self.read_errors.append(type(error))
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]


@pytest.fixture
def connections() -> Iterator[Connections]:
    with contextlib.closing(Connections()) as connections:
        yield connections


def read(client: green.socket, end: bytes) -> bytes:
    """Receive until `end`; where that is empty, until the connection is closed."""
    data = b""
    while not (end and data.endswith(end)):
        part = client.recv(65_536)
        if not part:
            break
        data += part
    return data


def refusal(status: int, reason: str, message: str) -> bytes:
    return f"HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\n\r\n".encode()


def quit_worker(worker: GeventWorker) -> None:
    """Do what gunicorn does at SIGINT and SIGQUIT: SystemExit comes out of another greenlet."""
    worker.handle_quit(signal.SIGINT, None)
    with pytest.raises(SystemExit):
        gevent.sleep(5)


@pytest.mark.parametrize(
    "stop", [lambda worker: worker.handle_exit(signal.SIGTERM, None), quit_worker], ids=["SIGTERM", "SIGINT"]
)
def test_a_worker_that_stops_drains_once_and_ends_idle_connections(
    stop: Callable[[GeventWorker], None], connections: Connections
) -> None:
    drained: list[bool] = []
    guard(connections.worker, LIMITS, refusal, lambda: drained.append(connections.worker.alive))
    assert isinstance(connections.worker, GeventWorker)
    with connections.open(REQUEST) as client, connections.open(b"") as silent:
        assert read(client, b"ok").startswith(b"HTTP/1.1 200")
        assert (connections.worker.alive, drained) == (True, [])
        stop(connections.worker)
        assert read(client, b"") == read(silent, b"") == b""
        connections.worker.alive = False
        gevent.sleep(0)
        assert drained == [False]


def test_a_connection_opened_while_the_worker_stops_is_served(connections: Connections) -> None:
    guard(connections.worker, LIMITS, refusal, lambda: None)
    connections.worker.handle_exit(signal.SIGTERM, None)
    gevent.sleep(0)
    with connections.open(REQUEST) as client:
        assert read(client, b"").endswith(b"ok")


def test_open_connections_are_counted_until_they_are_closed(connections: Connections) -> None:
    count = guard(connections.worker, LIMITS, refusal, lambda: None)
    assert count() == 0
    with connections.open(b"") as first:
        with connections.open(b""):
            gevent.sleep(0)
            assert count() == 2
            first.shutdown(socket.SHUT_WR)
            assert read(first, b"") == b""
            gevent.sleep(0)
            assert count() == 1
        gevent.joinall(connections._serving, timeout=30)
    assert count() == 0


def test_errors_before_the_application_are_written_by_the_replaced_function(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(util, "write_error", util.write_error)  # restored after the test
    replace_error_page(lambda status, reason, message: f"{status} {reason}, {bool(message)}".encode())
    with connections.open(b"no request\r\n\r\n") as client:
        assert read(client, b"") == b"400 Bad Request, True"


def test_reading_an_invalid_chunked_body_raises_a_parse_exception(connections: Connections) -> None:
    with connections.open(CHUNKED + b"zz\r\n") as client:
        assert read(client, b"ok").startswith(b"HTTP/1.1 200")
    (error,) = connections.read_errors
    assert issubclass(error, ParseException)


def test_the_status_after_which_the_master_exits() -> None:
    assert Arbiter.WORKER_BOOT_ERROR == BOOT_ERROR


class Preloaded(BaseApplication):
    """An application with `--preload` that notes what the master does."""

    def __init__(self) -> None:
        self.done: list[str] = []
        super().__init__()

    def load_config(self) -> None:
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("preload_app", True)
        self.cfg.set("on_starting", lambda server: self.done.append("on_starting"))

    def load(self) -> object:
        self.done.append("load")
        return object()


def test_the_master_looks_up_what_gevent_patches_after_it_has_loaded_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Preloaded()
    assert {(os, "fork"), (os, "waitpid"), (signal, "signal")} <= set(CHILDREN)
    monkeypatch.setattr(signal, "signal", lambda number, handler: app.done.append(signal.Signals(number).name))
    master = Arbiter(app)
    master.start()
    for listener in master.LISTENERS:
        listener.close()
    assert app.done[:2] == ["load", "on_starting"]
    assert "SIGCHLD" in app.done[2:]
    monkeypatch.setattr(os, "fork", lambda: 123_456)
    worker = master.WORKERS[master.spawn_worker()]
    ended = iter([(123_456, BOOT_ERROR << 8)])
    monkeypatch.setattr(os, "waitpid", lambda pid, options: next(ended))
    with pytest.raises(HaltServer) as halted:
        master.reap_workers()
    assert halted.value.exit_status == BOOT_ERROR
    worker.tmp.close()


def test_the_configuration_is_that_of_the_module_and_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--keep-alive 7 --graceful-timeout=8")
    cfg = GunicornServer().cfg
    assert (cfg.keepalive, cfg.graceful_timeout) == (7, 8), "the environment comes last"
    assert (cfg.worker_class_str, cfg.control_socket_disable) == ("gevent", True), "the rest is the module's"


def test_a_refused_connection_gets_503_and_others_go_on(connections: Connections) -> None:
    guard(connections.worker, LIMITS._replace(connections=1), refusal, lambda: None)
    assert connections.worker.worker_connections > 1
    with connections.open(SLOW) as busy, connections.open(REQUEST) as refused:
        assert read(refused, b"").startswith(b"HTTP/1.1 503")
        connections.may_answer.set()
        assert read(busy, b"ok").startswith(b"HTTP/1.1 200")


def test_the_application_gets_the_socket_itself(connections: Connections) -> None:
    guard(connections.worker, LIMITS, refusal, lambda: None)
    with connections.open(REQUEST) as client:
        read(client, b"ok")
    assert connections.sockets == [(green.socket, None)]


def test_a_head_that_arrives_too_slowly_gets_408_and_silence_nothing(connections: Connections) -> None:
    guard(connections.worker, LIMITS._replace(head=0.05), refusal, lambda: None)
    with connections.open(REQUEST[:-2]) as slow, connections.open(b"") as silent:
        assert read(slow, b"").startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert read(silent, b"") == b""


def test_a_head_that_is_too_large_gets_431(connections: Connections) -> None:
    guard(connections.worker, LIMITS, refusal, lambda: None)
    head = REQUEST[:-2] + b"".join(b"X%d: %b\r\n" % (n, b"x" * 8_000) for n in range(9))
    with connections.open(head) as client:
        assert read(client, b"").startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("length", [60_000, 100_000])
def test_the_rest_of_a_body_is_discarded_if_it_is_short(length: int, connections: Connections) -> None:
    guard(connections.worker, LIMITS, refusal, lambda: None)
    request = REQUEST.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % length)
    with connections.open(request.replace(b"/", UNREAD, 1) + bytes(length) + REQUEST) as client:
        client.shutdown(green.SHUT_WR)
        assert read(client, b"").count(b"HTTP/1.1 200") == (2 if length == 60_000 else 1)


def test_a_body_that_arrives_too_slowly_fails_with_a_timeout(connections: Connections) -> None:
    guard(connections.worker, LIMITS._replace(body=0.05), refusal, lambda: None)
    with connections.open(CHUNKED + b"3\r\nabc") as client:
        assert read(client, b"").endswith(b"ok"), "the connection is closed after the answer"
    assert connections.read_errors == [Expired]


def test_a_connection_that_waits_for_long_has_no_greenlet_and_is_served_later(connections: Connections) -> None:
    count = guard(connections.worker, LIMITS._replace(park=0.01), refusal, lambda: None)
    with connections.open(REQUEST) as served, connections.open(b"") as silent:
        assert read(served, b"ok").startswith(b"HTTP/1.1 200")
        assert len(gevent.joinall(connections._serving, timeout=5)) == 2
        for client in (served, silent, served):
            client.sendall(REQUEST)
            assert read(client, b"ok").startswith(b"HTTP/1.1 200")
        served.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert read(served, b"").endswith(b"ok")
        assert count() == 1
    gevent.sleep(0.02)
    assert count() == 0


def test_a_new_connection_gets_a_greenlet_with_its_first_byte(connections: Connections) -> None:
    count = guard(connections.worker, LIMITS._replace(park=60), refusal, lambda: None)
    with connections.open(b"") as silent:
        assert len(gevent.joinall(connections._serving, timeout=5)) == 1
        assert count() == 1
        silent.sendall(REQUEST)
        assert read(silent, b"ok").startswith(b"HTTP/1.1 200")


def test_a_client_that_resets_a_connection_without_a_greenlet_leaves_nothing(
    connections: Connections, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    count = guard(connections.worker, LIMITS._replace(park=0.01), refusal, lambda: None)
    with connections.open(REQUEST) as client:
        assert read(client, b"ok").startswith(b"HTTP/1.1 200")
        gevent.joinall(connections._serving, timeout=5)
        assert count() == 1
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for _ in range(100):
        if count():
            gevent.sleep(0.01)
    assert (count(), caplog.text, capsys.readouterr().err) == (0, "", "")


def test_part_of_a_request_that_came_with_the_one_before_is_not_lost(connections: Connections) -> None:
    guard(connections.worker, LIMITS._replace(park=0.01), refusal, lambda: None)
    with connections.open(REQUEST + REQUEST[:20]) as client:
        assert read(client, b"ok").startswith(b"HTTP/1.1 200")
        gevent.sleep(0.03)
        client.sendall(REQUEST[20:])
        assert read(client, b"ok").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("option", [("proxy_protocol", "v1"), ("http2_cleartext", "upgrade")])
def test_connections_with_more_state_keep_their_greenlets(option: tuple[str, str], connections: Connections) -> None:
    connections.worker.cfg.set(*option)
    guard(connections.worker, LIMITS._replace(park=0.01), refusal, lambda: None)
    with connections.open(b""):
        assert not gevent.joinall(connections._serving, timeout=0.05)


def test_the_stop_waits_for_a_request_on_a_connection_that_had_no_greenlet(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard(connections.worker, LIMITS._replace(park=0.01), refusal, lambda: None)
    connections.worker.cfg.set("graceful_timeout", 30)
    monkeypatch.setattr(GeventWorker, "run", lambda worker: None)
    with connections.open(b"") as client:
        gevent.joinall(connections._serving, timeout=5)
        client.sendall(SLOW)
        gevent.sleep(0.02)
        running = gevent.spawn(connections.worker.run)
        running.join(timeout=0.05)
        assert not running.ready()
        connections.may_answer.set()
        assert read(client, b"ok").endswith(b"ok")
        client.close()
        running.get(timeout=5)


def test_stopping_completes_despite_a_system_exit() -> None:
    may_go_on, done = Event(), []

    def stop() -> None:
        may_go_on.wait()
        done.append(True)

    running = gevent.spawn(run_to_completion, stop)
    gevent.sleep(0)
    running.kill(SystemExit, block=False)
    gevent.sleep(0)
    assert not running.ready()
    may_go_on.set()
    running.get(timeout=5)
    assert done == [True]


def test_the_master_sends_a_reload_on_to_its_worker() -> None:
    master, sent = Arbiter.__new__(Arbiter), []
    master.kill_workers = sent.append
    assert "handle_%s" in Path(inspect.getfile(Arbiter)).read_text(), "a handler is looked up by its name"
    forward_reload(master)
    master.handle_hup()
    assert sent == [signal.SIGHUP]
    assert Arbiter.SIG_NAMES[signal.SIGHUP] == "hup"


def test_an_early_reload_waits_for_its_handler() -> None:
    taken = Event()
    before = signal.getsignal(signal.SIGHUP)
    try:
        hold_reload()
        signal.raise_signal(signal.SIGHUP)  # it would end this process
        assert not taken.wait(0.01)
        watcher = call_on_reload(taken.set)
        assert taken.wait(5)
        taken.clear()
        signal.raise_signal(signal.SIGHUP)
        assert taken.wait(5)
        watcher.cancel()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        signal.signal(signal.SIGHUP, before)
