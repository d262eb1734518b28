"""The private parts of gunicorn that the service relies on."""

import contextlib
import inspect
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
import pytest
from gevent import socket as green
from gevent.event import Event
from gunicorn import util
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker

from analytics.internals.gunicorn import (
    BOOT_ERROR,
    IdleWaits,
    call_on_reload,
    call_on_stop,
    count_connections,
    forward_reload,
    hold_reload,
    replace_error_page,
    run_to_completion,
)
from analytics.serving.application import GunicornServer

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


class Connections:
    """A gevent worker that serves connections of the test."""

    def __init__(self) -> None:
        cfg = Config()
        cfg.set("keepalive", 60)
        self.worker = GeventWorker(0, os.getpid(), [], None, 30, cfg, logging.getLogger("tests.gunicorn"))
        self.worker.wsgi = self._app
        self.read_errors: list[type[Exception]] = []
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
        try:
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
    call_on_stop(connections.worker, lambda: drained.append(connections.worker.alive))
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
    call_on_stop(connections.worker, lambda: None)
    connections.worker.handle_exit(signal.SIGTERM, None)
    gevent.sleep(0)
    with connections.open(REQUEST) as client:
        assert read(client, b"").endswith(b"ok")


def test_open_connections_are_counted_until_they_are_closed(connections: Connections) -> None:
    count = count_connections(connections.worker)
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


def test_the_configuration_is_that_of_the_module_and_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--keep-alive 7 --graceful-timeout=8")
    cfg = GunicornServer().cfg
    assert (cfg.keepalive, cfg.graceful_timeout) == (7, 8), "the environment comes last"
    assert (cfg.worker_class_str, cfg.control_socket_disable) == ("gevent", True), "the rest is the module's"


def test_an_idle_wait_that_is_ended_leaves_its_block_without_an_exception() -> None:
    idle = IdleWaits(60)

    def serve() -> str:
        with idle.wait():
            gevent.sleep(60)
            return "served"
        return "ended"

    serving = gevent.spawn(serve)
    gevent.sleep(0)
    idle.end()
    assert serving.get(timeout=5) == "ended"


def test_a_request_that_arrives_at_the_moment_of_the_stop_is_served() -> None:
    idle, request = IdleWaits(60), Event()

    def serve() -> str:
        with idle.wait():
            request.wait()
        for _ in range(5):
            gevent.sleep(0)
        return "served"

    serving = gevent.spawn(serve)
    gevent.sleep(0)
    request.set()
    idle.end()
    assert serving.get(timeout=5) == "served"


def test_a_wait_that_begins_after_the_stop_is_short() -> None:
    idle = IdleWaits(60)
    idle.end()
    started, has_arrived = time.monotonic(), False
    with idle.wait():
        gevent.sleep(0.05)
        has_arrived = True
    assert has_arrived
    with idle.wait():
        gevent.sleep(60)
    assert time.monotonic() - started < 5


def test_a_wait_is_over_after_its_time() -> None:
    started = time.monotonic()
    with IdleWaits(0.05).wait():
        gevent.sleep(60)
    assert time.monotonic() - started < 5


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


def test_a_reload_that_comes_too_early_waits_for_the_one_who_takes_it() -> None:
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
