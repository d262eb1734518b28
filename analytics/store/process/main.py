"""The store process: it ends with the server that started it."""

import ctypes
import gc
import logging.config
import os
import signal
import socket
import sys

import msgspec

from analytics.logs import logging_config
from analytics.store.options import StoreOptions
from analytics.store.process.server import StoreServer
from analytics.store.process.service import StoreService

CONTROL_DESCRIPTOR = 3
GC_THRESHOLD = 100_000
"""New objects between two searches for cycles: records are many objects without any."""

M_ARENA_MAX = -8
"""Option of glibc: how many arenas memory is taken from. With one for each thread, more stays after questions."""


def main() -> None:
    """Serve until the server is gone."""
    ignored = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # sent to all processes of a service: the server acts
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ignored)  # blocked by the server, until here
    options = msgspec.json.decode(sys.argv[1], type=StoreOptions)
    logging.config.dictConfig(logging_config(options.log_level))
    os.nice(options.nice)
    gc.set_threshold(GC_THRESHOLD, 50, 50)
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 1)
    control = socket.socket(fileno=CONTROL_DESCRIPTOR)
    service = StoreService(options)
    service.start()
    StoreServer(control, service).serve()
    os._exit(0)  # threads may be in the middle of a query; what they write is complete or does not count
