"""How gunicorn serves: one gevent worker that holds the whole state, with room for many open connections."""

import gc
import logging
import os
import sys
from typing import Any

from gunicorn.glogging import Logger

from analytics.api.refusals import refusal
from analytics.config import Settings
from analytics.errors import CannotListen, CannotStore, ConfigError
from analytics.internals.gunicorn import BOOT_ERROR, call_on_stop, replace_error_page, run_to_completion
from analytics.listening import check_listening
from analytics.logs import logging_config
from analytics.storage.store import check_store

try:
    settings = Settings.from_env()
except ConfigError as error:
    sys.exit(error.message)


class QuietLogger(Logger):  # type: ignore[misc]
    """Gunicorn's logger without its access log: the service logs its requests itself."""

    def access(self, *_: Any) -> None:
        """Nothing: not even the fields of a line that nobody would write."""


bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
worker_class = "gevent"
workers = 1
worker_connections = settings.worker_connections
keepalive = 75
graceful_timeout = 30
control_socket_disable = True
limit_request_line = 8190
# whom to believe is for ANALYTICS_TRUSTED_PROXIES to say: gunicorn would believe everybody on this machine
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
logger_class = QuietLogger
logconfig_dict = logging_config(settings.log_level)


def on_starting(server: Any) -> None:
    """Say in one line what stands in the way, where gunicorn would try again and again."""
    if server.cfg.workers != 1:
        sys.exit(f"{server.cfg.workers} workers cannot share the state: it has one owner. Start one worker.")
    if "GUNICORN_PID" not in os.environ:  # else the master before still owns the data directory
        try:
            check_store(settings)
        except CannotStore as error:
            sys.exit(error.message)
    if "LISTEN_FDS" in os.environ or "GUNICORN_FD" in os.environ:  # systemd, or the master before, has bound it
        return
    for host, port in (address for address in server.cfg.address if isinstance(address, tuple)):
        try:
            check_listening(host, port)
        except CannotListen as error:
            sys.exit(error.message)


def give_up(reason: str) -> None:
    """End the worker, and with it the master: what was kept cannot be used."""
    logging.getLogger("analytics").critical(reason)
    logging.shutdown()
    os._exit(BOOT_ERROR)


def post_worker_init(worker: Any) -> None:
    """Start what runs beside the requests, in the worker and not in the process that forks it."""
    # what is loaded now stays for good, and records hold no cycles: look for garbage seldom
    replace_error_page(refusal)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    service = worker.app.wsgi().extensions.get("analytics")
    if service is not None:
        service.start(give_up)
        call_on_stop(worker, service.drain)


def worker_exit(server: Any, worker: Any) -> None:
    """Stop what `post_worker_init` started."""
    service = worker.app.wsgi().extensions.get("analytics")
    if service is not None:
        run_to_completion(service.stop)
