"""Private parts of gunicorn and its gevent worker.

Verified with gunicorn 27.0.1. The service relies on these:

- A worker keeps whether it runs in the instance attribute `alive`, which every kind of stop sets to False, signal
  handlers among them; the class of a worker can be replaced.
- `worker.handle(listener, client, address)` serves a connection. It reads by `client.recv`, writes by `client.sendall`
  and closes by `client.close`; the socket is also `environ["gunicorn.socket"]`.
- The head of each request is read in `with worker.timeout_ctx():`, and the connection is closed when the block ends
  without one; `worker.handle_request(listener_name, request, client, address)` does the rest of a request, and raises
  StopIteration where the connection cannot be kept. `request.body` has `read`, and `failed` after a failed read;
  `request.unreader.buf` is a BytesIO with what has been read of the next request. A connection has no other state
  between two requests, except with TLS, HTTP/2 and PROXY protocol.
- `worker.run` accepts up to `worker.worker_connections` connections, and then none until one of them is closed. At the
  stop it waits for the greenlets that serve those, for `graceful_timeout`; `notify` tells the master that it is alive.
- `worker.wsgi` is the application.
- The handlers of SIGINT and SIGQUIT raise SystemExit in greenlets of their own.
- Errors that never reach the application are written by `gunicorn.util.write_error(sock, status, reason, message)`,
  looked up at each call; `gunicorn.util.write_nonblock` writes to a socket.
- A worker that exits with `Arbiter.WORKER_BOOT_ERROR` ends the master.
- The master calls `os.fork`, `os.waitpid(-1, …)` and `signal.signal(SIGCHLD, …)` as attributes of these modules, the
  latter after `on_starting`; with `--preload` the application is loaded before that, and with it gevent's patches.
- The master looks up `handle_hup` at each SIGHUP, outside its signal handler, and `kill_workers(sig)` sends a signal to
  its workers. A new worker sets SIGHUP back to its default, which ends the process.
- `Application.load_config_from_module_name_or_filename` loads a configuration, `cfg.get_cmd_args_from_env` returns the
  arguments in GUNICORN_CMD_ARGS, and `cfg.parser` parses them.
- Reading an invalid chunked body raises `gunicorn.http.errors.ParseException` (see `analytics.doors.body`).
"""

import math
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import gevent
from gevent import monkey
from gevent.server import StreamServer
from gunicorn import util
from gunicorn.app.base import Application
from gunicorn.arbiter import Arbiter

from analytics.connection_limits import ConnectionLimits
from analytics.internals.added_listener import AddedListener
from analytics.internals.connection import ClientSocket, Refusal
from analytics.internals.connections import Connections

BOOT_ERROR: int = Arbiter.WORKER_BOOT_ERROR
"""Exit status of a worker after which the master exits too, instead of starting another worker."""
CHILDREN = ((os, "fork"), (os, "waitpid"), (signal, "signal"), (signal, "getsignal"))
"""Functions with which a process learns about its children, and which gevent patches."""
ACCEPTS = 10
"""Connections accepted at once, before others are served; gevent's own 100 take tens of milliseconds."""
REFUSALS = 100
"""Connections beyond the limit that can be refused at the same time; beyond them, gunicorn stops accepting."""
NOTIFY_SECONDS = 1.0


def guard(worker: Any, limits: ConnectionLimits, refusal: Refusal, drain: Callable[[], None]) -> Callable[[], int]:
    """Limit the connections of a worker, and call `drain` as soon as it is to stop, for whatever reason.

    At the stop, connections that wait for a request are closed. gunicorn itself takes an idle connection for a busy
    one, waits for it for `graceful_timeout`, and is then killed.

    Returns a function that returns how many connections are open.
    """
    cfg = worker.cfg
    if cfg.is_ssl or cfg.http2_cleartext != "off" or cfg.proxy_protocol != "off":
        limits = limits._replace(park=math.inf)
    connections = Connections(limits, refusal)
    app = worker.wsgi

    def wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        connection = environ["gunicorn.socket"]
        environ["gunicorn.socket"] = connection.sock
        if connection.environ:
            environ.update(connection.environ)
        return app(environ, start_response)  # type: ignore[no-any-return]

    def stop() -> None:
        drain()
        connections.stop_waiting()

    StreamServer.max_accept = ACCEPTS
    worker.wsgi = wsgi
    worker.timeout_ctx = lambda: connections.current
    worker.worker_connections = limits.connections + REFUSALS
    worker.__class__ = _guarded(type(worker), connections, stop)
    return partial(len, connections)


def unpatch_children() -> None:
    """Have the master notice when a worker ends, also with `--preload`, where gevent has patched it.

    gevent reports ended children in its event loop, which the master never runs.
    """
    for module, name in CHILDREN:
        setattr(module, name, monkey.get_original(module.__name__, name))


def patch_children() -> None:
    """Undo `unpatch_children` in a worker; without `--preload`, gunicorn patches everything later."""
    if monkey.is_module_patched("os"):
        monkey.patch_os()
        monkey.patch_signal()


def forward_reload(server: Any) -> None:
    """Have the master send SIGHUP on to its worker, instead of replacing the worker."""
    server.handle_hup = lambda: server.kill_workers(signal.SIGHUP)


def hold_reload() -> None:
    """Keep SIGHUP pending until `call_on_reload`: it would end a worker that is still starting."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})


def call_on_reload(reload: Callable[[], None]) -> Any:
    """Call `reload`, in a greenlet, at each SIGHUP that this worker gets, until the returned handler is cancelled."""
    handler = gevent.signal_handler(signal.SIGHUP, reload)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    return handler


def run_to_completion(stop: Callable[[], None]) -> None:
    """Run `stop` despite the SystemExit that a handler of SIGINT or SIGQUIT raises meanwhile."""
    stopping = gevent.spawn(stop)
    while not stopping.ready():
        with suppress(SystemExit):  # the worker exits after this anyway
            stopping.join()


def replace_error_page(make: Callable[[int, str, str], bytes]) -> None:
    """Have errors that never reach the application answered by `make(status, reason, message)`, a whole response."""

    def write_error(sock: socket.socket, status: int, reason: str, message: str) -> None:
        util.write_nonblock(sock, make(status, reason, message))

    util.write_error = write_error


def load_configuration(application: Application, module: str) -> None:
    """Load the configuration in a module, then the options in GUNICORN_CMD_ARGS, as gunicorn's own command does."""
    application.load_config_from_module_name_or_filename(f"python:{module}")
    cfg = application.cfg
    for name, value in vars(cfg.parser().parse_args(cfg.get_cmd_args_from_env())).items():
        if name != "args" and value is not None:
            cfg.set(name, value)


class _ListenerName:
    """The address of a listener for connections that are served after it was closed: `handle` needs nothing else."""

    __slots__ = ("_name",)

    def __init__(self, name: Any) -> None:
        self._name = name

    def getsockname(self) -> Any:
        """The address that was listened on."""
        return self._name


def _guarded(kind: type[Any], connections: Connections, stop: Callable[[], None]) -> type:
    """A subclass of a worker class that serves guarded connections.

    It calls `stop` when `alive` becomes False; polling for that would cost more.
    """
    listeners: dict[Any, _ListenerName] = {}

    class Guarded(kind):  # type: ignore[misc]
        @property
        def alive(self) -> bool:
            return bool(self.__dict__["alive"])

        @alive.setter
        def alive(self, alive: bool) -> None:
            if self.alive and not alive:
                gevent.spawn(stop)  # in a greenlet, since this may be a signal handler
            self.__dict__["alive"] = alive

        def handle(self, listener: Any, client: Any, address: Any) -> None:
            connection = connections.open(client)
            if connection is None:
                util.close(client)
                return
            if isinstance(listener, AddedListener):
                connection.environ = listener.environ
            if listener not in listeners:
                listeners[listener] = _ListenerName(listener.getsockname())
            if not connections.park_silent(connection, partial(self._serve, listeners[listener], address)):
                self._serve(listeners[listener], address, connection)

        def run(self) -> None:
            super().run()
            until = time.monotonic() + self.cfg.graceful_timeout
            while not connections.wait(NOTIFY_SECONDS) and time.monotonic() < until:
                self.notify()

        def _serve(self, listener: Any, address: Any, connection: ClientSocket) -> None:
            try:
                super().handle(listener, connection, address)
            finally:
                connections.close(connection, partial(self._serve, listener, address))

        def handle_request(self, listener_name: Any, request: Any, connection: Any, address: Any) -> None:
            keep = True
            try:
                super().handle_request(listener_name, request, connection, address)
            except StopIteration:
                keep = False
            if not connection.finish(request.body, keep=keep):
                raise StopIteration
            connection.is_ahead = request.unreader.buf.getbuffer().nbytes > 0

    return Guarded
