"""Ending a service as a power cut or the kernel would: at once, with all of its processes."""

import os
import signal
from pathlib import Path

from tests.edge.wire import eventually, worker_pid
from tests.server import Server


def kill(server: Server) -> None:
    """SIGKILL to the master, so that it starts no other worker, and to the worker; returns once both are gone."""
    worker = worker_pid(server)
    server.process.kill()
    server.process.wait()
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: is_gone(worker))


def is_gone(pid: int) -> bool:
    """Whether a process has ended, though nobody may have asked for its end yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
