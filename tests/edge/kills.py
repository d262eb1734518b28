"""Killing a service abruptly, with all of its processes."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.edge.wire import eventually
from tests.server import Server


def kill(server: Server) -> None:
    """SIGKILL the master, its worker and that worker's children; returns once all have ended."""
    with contextlib.suppress(ProcessLookupError):
        server.process.send_signal(signal.SIGSTOP)  # it can have no more children
        family = [server.process.pid, *descendants(server.process.pid)]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: all(map(is_gone, family[1:])))
    server.process.wait()


def descendants(pid: int) -> Iterator[int]:
    """All descendants of a process."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def is_gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
