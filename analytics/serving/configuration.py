"""Configuration of gunicorn: one gevent worker that owns the state, with room for many open connections."""

import gc
import logging
import os
import sys
from functools import partial
from typing import Any

from gunicorn.glogging import Logger

from analytics.added_port import AddedPort
from analytics.config import Settings, unknown_variable_warnings
from analytics.connection_limits import ConnectionLimits
from analytics.errors import CannotListen, CannotStore, SettingError
from analytics.internals.added_listener import AddedListener, hosts
from analytics.internals.gevent import patch_without_plugins
from analytics.internals.gunicorn import (
    BOOT_ERROR,
    call_on_reload,
    forward_reload,
    guard,
    hold_reload,
    patch_children,
    replace_error_page,
    run_to_completion,
    unpatch_children,
)
from analytics.listening import OTLP_PATHS, PATHS, check_listening
from analytics.log.disk.check import check_store
from analytics.logs import logging_config
from analytics.serving.open_files import connections_within_open_files

try:
    settings = Settings.from_env()
except SettingError as error:
    sys.exit(error.message)

log = logging.getLogger("analytics")
FRAMING_BYTES = 64 * 1024
"""Size of chunk headers that any body may have, however small it is."""
BODIES = 32
"""Bodies of the maximum size that may be held at the same time."""
PARK_SECONDS = 1.0
"""Time after which a connection that waits for a request costs 1 KB instead of 18; requests mostly follow sooner."""


class QuietLogger(Logger):  # type: ignore[misc]
    """Gunicorn's logger without its access log: the service logs requests itself."""

    def access(self, *_: Any) -> None:
        """Do nothing, so that no fields of an unused line are computed."""


bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
worker_class = "gevent"
workers = 1
worker_connections = settings.worker_connections
keepalive = 75
graceful_timeout = 30
control_socket_disable = True
limit_request_line = 8190
# ANALYTICS_TRUSTED_PROXIES decides which proxies are trusted; gunicorn would trust every process on this machine
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
forwarded_allow_ips = "*"  # with no headers to trust, so that gunicorn need not parse each peer's address
logger_class = QuietLogger
logconfig_dict = logging_config(settings.log_level)


def on_starting(server: Any) -> None:
    """Check what would prevent the start, and exit with one line; gunicorn would retry again and again."""
    forward_reload(server)
    unpatch_children()
    for warning in unknown_variable_warnings():
        log.warning(warning)
    if server.cfg.workers != 1:
        sys.exit(f"{server.cfg.workers} workers cannot share the state: it has one owner. Start one worker.")
    if "GUNICORN_PID" not in os.environ:  # otherwise the previous master still owns the data directory
        try:
            check_store(settings)
        except CannotStore as error:
            sys.exit(error.message)
    if "LISTEN_FDS" in os.environ or "GUNICORN_FD" in os.environ:  # already bound by systemd or the previous master
        return
    for host, port in (address for address in server.cfg.address if isinstance(address, tuple)):
        try:
            check_listening(host, port)
        except CannotListen as error:
            sys.exit(error.message)


def give_up(reason: str) -> None:
    """End the worker, and with it the master, because the stored data cannot be used."""
    log.critical(reason)
    logging.shutdown()
    os._exit(BOOT_ERROR)


def pre_fork(server: Any, worker: Any) -> None:
    """Keep the garbage collector off the memory that the worker shares with its master: what it writes to is copied."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """Prepare the worker for a SIGHUP that arrives before it has started, for its children and for its imports."""
    hold_reload()
    patch_children()
    patch_without_plugins()
    gc.disable()  # until the worker has loaded what stays for good


def post_worker_init(worker: Any) -> None:
    """Start the background jobs of the service: in the worker, not in the process that forks it."""
    from analytics.api.refusals import refusal  # the master does without

    # Everything loaded by now stays for good, and records hold no cycles: collect garbage rarely.
    replace_error_page(refusal)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
    runtime = worker.app.wsgi().extensions.get("analytics")
    if runtime is not None:
        runtime.start(give_up)
        runtime.open_connections = guard(worker, connection_limits(worker.cfg), refusal, runtime.drain)
        call_on_reload(runtime.reload)
        listen_for_otlp(worker, runtime.otlp_port)


def listen_for_otlp(worker: Any, added: AddedPort) -> None:
    """Listen at the port for OpenTelemetry, too, on the hosts of the service; unless that is one of its own ports."""
    port, at = settings.otlp_port, hosts(worker)
    if port and at and port not in set().union(*at.values()):
        host = next(iter(at))
        added.start(port, partial(AddedListener, worker, host, port, {PATHS: OTLP_PATHS}))


def connection_limits(cfg: Any) -> ConnectionLimits:
    """Limits of the worker's connections, by the settings and gunicorn's own options."""
    return ConnectionLimits(
        connections=connections_within_open_files(cfg.worker_connections),
        idle=cfg.keepalive,
        head=settings.header_timeout,
        body=settings.body_timeout,
        send=settings.send_timeout,
        body_bytes=2 * settings.max_body + FRAMING_BYTES,
        bodies_bytes=BODIES * settings.max_body,
        park=PARK_SECONDS,
    )


def worker_exit(server: Any, worker: Any) -> None:
    """Stop what `post_worker_init` started."""
    app = worker.app.callable  # None where the app could not be created
    runtime = None if app is None else app.extensions.get("analytics")
    if runtime is not None:
        run_to_completion(runtime.stop)
