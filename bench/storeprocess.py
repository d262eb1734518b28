"""A store process of its own, without a server, that is asked as the server asks it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from analytics.log.disk.file import FILE_NAME
from analytics.store.files.layout import store_folder
from analytics.store.files.manifest import MANIFEST_NAME, Manifest
from analytics.store.frames import FAILURE, PIECE, REQUEST, StoreRequest, read_frame, send_frame
from analytics.store.messages import Begin
from analytics.store.options import StoreOptions
from bench.plan import CLIENT_CORE, SERVER_CORE
from bench.servers import ROOT, BenchError, service

SECONDS = 120.0
UNMERGED = (
    "from analytics.store.process import main, rewriter; "
    "rewriter.Rewriter.merge = lambda self, today: False; main.main()"
)
"""A store process that leaves small files as they are."""


class StoreProcess:
    """A running store process; `pid` is its own. Without a control socket it cannot be asked."""

    def __init__(self, control: socket.socket | None, pid: int) -> None:
        self._control, self.pid = control, pid

    @classmethod
    def of(cls, worker: int) -> "StoreProcess":
        """The one beside a worker."""
        children = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        if len(children) != 1:
            raise BenchError(f"the worker has {len(children)} children, not one")
        return cls(None, int(children[0]))

    def begun(self, op: str, args: Mapping[str, Any]) -> socket.socket:
        """Ask; the answer comes through the socket."""
        assert self._control is not None
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"r"], [theirs.fileno()])
        ours.settimeout(SECONDS)
        send_frame(ours, REQUEST, msgspec.json.encode(StoreRequest(op, dict(args), seconds=SECONDS)))
        return ours

    def pieces(self, connection: socket.socket) -> list[bytes]:
        """The pieces of an answer."""
        found = []
        with connection:
            while True:
                kind, body = read_frame(connection)
                if kind == FAILURE:
                    raise BenchError(body.decode())
                if kind != PIECE:
                    return found
                found.append(body)

    def ask(self, op: str, args: Mapping[str, Any]) -> list[bytes]:
        """The pieces of the answer to an operation."""
        return self.pieces(self.begun(op, args))

    def timed(self, op: str, args: Mapping[str, Any]) -> float:
        """Milliseconds until the whole answer."""
        started = time.perf_counter()
        self.ask(op, args)
        return (time.perf_counter() - started) * 1000

    def cpu(self) -> float:
        """CPU seconds of the process so far, threads that ended included."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def memory(self, field: str = "VmRSS") -> float:
        """Resident megabytes (10⁶ bytes) now, or the peak with `VmHWM`."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise BenchError("the store process ended")


@contextmanager
def store_process(data_directory: Path, *, merges: bool = True) -> Iterator[StoreProcess]:
    """Run a store process on a filled data directory."""
    if not (data_directory / FILE_NAME).exists():
        with service(data_dir=data_directory, store="off"):
            pass  # leaves an empty journal
    manifest = Manifest.reading(store_folder(data_directory) / MANIFEST_NAME)
    progress = manifest.progress()
    manifest.close()
    assert progress is not None
    options = StoreOptions(str(data_directory), days=365, memory=192 * 2**20, nice=0)
    ours, theirs = socket.socketpair()
    code = "from analytics.store.process import main; main.main()" if merges else UNMERGED
    cores = {SERVER_CORE, CLIENT_CORE}
    start = f"import os; os.sched_setaffinity(0, {cores}); os.dup2({theirs.fileno()}, 3); {code}"
    command = [sys.executable, "-c", start, msgspec.json.encode(options).decode()]
    with ours, subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], env=dict(os.environ)) as running:
        theirs.close()
        try:
            process = StoreProcess(ours, running.pid)
            begin = Begin(progress.upto, progress.number, progress.upto, is_first=True)
            process.ask("begin", msgspec.to_builtins(begin))
            yield process
        finally:
            running.kill()
