"""strace beside a running service: system calls on the files of its database fail, and are told of in order."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from analytics.log.disk.file import FILE_NAME
from tests.edge.wire import cannot_test, eventually, tool

CALLS = "pwrite64,fdatasync,fsync,ftruncate,openat"
STOP_SECONDS = 20


class Strace:
    """Attached to the process `pid` while the context lasts, or the process does.

    Args:
        data: the directory of the database.
        inject: what becomes of which call, in the words of strace's own option.
    """

    def __init__(self, pid: int, data: Path, log: Path, inject: str) -> None:
        self._log = log
        self._said = log.with_suffix(".said")
        files = [option for suffix in ("", "-wal") for option in ("-P", str(data / f"{FILE_NAME}{suffix}"))]
        what = ["-e", f"trace={CALLS}", "-e", "signal=none", "-e", f"inject={inject}"]
        self._command = [tool("strace"), "-f", "-y", "-p", str(pid), "-o", str(log), *files, *what]

    def __enter__(self) -> Self:
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(self._command, stdout=said, stderr=said)
        try:
            eventually(lambda: "attached" in self._said.read_text() or self._process.poll() is not None)
            if self._process.poll() is not None:
                cannot_test(f"strace cannot attach here: {self._said.read_text().strip()}")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        self._process.terminate()  # it lets go of what it is attached to
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def lines(self) -> list[str]:
        """The calls so far."""
        return self._log.read_text(errors="replace").splitlines()
