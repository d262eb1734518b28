"""strace attached to a running service: makes system calls on its database files fail, and records them in order."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from analytics.log.disk.file import FILE_NAME
from tests.edge.wire import cannot_test, eventually, tool

CALLS = "pwrite64,fdatasync,fsync,ftruncate,openat"
STOP_SECONDS = 20


class Strace:
    """Attached to the process `pid` within the context, or until the process ends.

    Args:
        data: the directory of the database.
        inject: the calls to change, in the syntax of strace's option `--inject`.
    """

    def __init__(self, pid: int, data: Path, log: Path, inject: str) -> None:
        self._log = log
        self._output = log.with_suffix(".strace")
        files = [option for suffix in ("", "-wal") for option in ("-P", str(data / f"{FILE_NAME}{suffix}"))]
        what = ["-e", f"trace={CALLS}", "-e", "signal=none", "-e", f"inject={inject}"]
        self._command = [tool("strace"), "-f", "-y", "-p", str(pid), "-o", str(log), *files, *what]

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        try:
            eventually(lambda: "attached" in self._output.read_text() or self._process.poll() is not None)
            if self._process.poll() is not None:
                cannot_test(f"strace cannot attach here: {self._output.read_text().strip()}")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()  # strace detaches from the process
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def lines(self) -> list[str]:
        """The calls recorded so far."""
        return self._log.read_text(errors="replace").splitlines()
