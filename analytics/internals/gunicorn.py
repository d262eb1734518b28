"""Private parts of gunicorn and its gevent worker.

Verified with gunicorn 27.0.1. The service relies on these:

- A worker keeps whether it runs in the instance attribute `alive`, which every kind of stop sets to False, signal
  handlers among them; the class of a worker can be replaced.
- A kept-alive connection waits for its next request in `with worker.timeout_ctx():`, is closed when the block ends
  without one, and cannot be told from a busy one otherwise. `worker.cfg.keepalive` is the time it may wait.
- A worker calls its `handle(listener, client, address)`, looked up on the instance when it begins to serve, for each
  connection; the call ends with the connection.
- The handlers of SIGINT and SIGQUIT raise SystemExit in greenlets of their own.
- Errors that never reach the application are written by `gunicorn.util.write_error(sock, status, reason, message)`,
  looked up at each call; `gunicorn.util.write_nonblock` writes to a socket.
- A worker that exits with `Arbiter.WORKER_BOOT_ERROR` ends the master.
- The master looks up `handle_hup` at each SIGHUP, outside its signal handler, and `kill_workers(sig)` sends a signal to
  its workers. A new worker sets SIGHUP back to its default, which ends the process.
- `Application.load_config_from_module_name_or_filename` loads a configuration, `cfg.get_cmd_args_from_env` returns the
  arguments in GUNICORN_CMD_ARGS, and `cfg.parser` parses them.
- Reading an invalid chunked body raises `gunicorn.http.errors.ParseException` (see `analytics.doors.body`).
"""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gevent
from gunicorn import util
from gunicorn.app.base import Application
from gunicorn.arbiter import Arbiter

BOOT_ERROR: int = Arbiter.WORKER_BOOT_ERROR
"""Exit status of a worker after which the master exits too, instead of starting another worker."""
LATE_SECONDS = 0.5
"""How long a connection opened while the worker stops may take for its request, which asks for readiness."""


class IdleWaits:
    """The waits of kept-alive connections for their next requests, at most `seconds` each, which can be ended."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: dict[gevent.Greenlet, gevent.Timeout] = {}

    @contextmanager
    def wait(self) -> Iterator[None]:
        """Limit the time of the block, which is left without an exception when it is up or the wait is ended."""
        current = gevent.getcurrent()
        with gevent.Timeout(self._seconds, exception=False) as timeout:
            self._waits[current] = timeout
            try:
                yield
            finally:
                del self._waits[current]

    def end(self) -> None:
        """End all waits, and limit later ones to `LATE_SECONDS`."""
        self._seconds = min(self._seconds, LATE_SECONDS)
        for greenlet, timeout in list(self._waits.items()):
            gevent.get_hub().loop.run_callback(self._end_one, greenlet, timeout)

    def _end_one(self, greenlet: gevent.Greenlet, timeout: gevent.Timeout) -> None:
        if self._waits.get(greenlet) is timeout:  # otherwise the request has arrived
            greenlet.throw(timeout)


def call_on_stop(worker: Any, drain: Callable[[], None]) -> None:
    """Call `drain` as soon as a worker is to stop, for whatever reason, and end its idle connections.

    gunicorn itself takes an idle connection for a busy one, waits for it for `graceful_timeout`, and is then killed.
    """
    idle = IdleWaits(worker.cfg.keepalive)
    worker.timeout_ctx = idle.wait

    def stop() -> None:
        drain()
        idle.end()

    worker.__class__ = _with_stop_callback(type(worker), stop)


def count_connections(worker: Any) -> Callable[[], int]:
    """Count the connections of a worker from now on; returns a function that returns how many are open."""
    handle, open_now = worker.handle, 0

    def counted(*args: Any) -> None:
        nonlocal open_now
        open_now += 1
        try:
            handle(*args)
        finally:
            open_now -= 1

    worker.handle = counted
    return lambda: open_now


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


def _with_stop_callback(kind: type, stop: Callable[[], None]) -> type:
    """A subclass of a worker class that calls `stop` when `alive` becomes False; polling for that would cost more."""

    def is_alive(worker: Any) -> bool:
        return bool(vars(worker)["alive"])

    def set_alive(worker: Any, alive: bool) -> None:
        if is_alive(worker) and not alive:
            gevent.spawn(stop)  # in a greenlet, since this may be a signal handler
        vars(worker)["alive"] = alive

    return type(kind.__name__, (kind,), {"alive": property(is_alive, set_alive)})
