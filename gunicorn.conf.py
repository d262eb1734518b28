"""How gunicorn serves: one gevent worker that holds the whole state, with room for many open connections."""

import gc
import sys
from typing import Any

from gunicorn import util

from analytics.api.refusals import refuse_in_json
from analytics.config import Settings
from analytics.errors import ConfigError
from analytics.logs import logging_config

try:
    settings = Settings.from_env()
except ConfigError as error:
    sys.exit(error.message)

bind = f"{settings.host}:{settings.port}"
worker_class = "gevent"
workers = 1
worker_connections = settings.worker_connections
keepalive = 75
graceful_timeout = 10
control_socket_disable = True
limit_request_line = 8190
logconfig_dict = logging_config(settings.log_level)


def post_worker_init(worker: Any) -> None:
    """Start what runs beside the requests, in the worker and not in the process that forks it."""
    # what is loaded now stays for good, and records hold no cycles: look for garbage seldom
    util.write_error = refuse_in_json
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    service = worker.app.wsgi().extensions.get("analytics")
    if service is not None:
        service.start()


def worker_exit(server: Any, worker: Any) -> None:
    """Stop what `post_worker_init` started."""
    service = worker.app.wsgi().extensions.get("analytics")
    if service is not None:
        service.stop()
