"""Measured server processes: the service and the bare view, with one gunicorn worker each."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.client import Connection
from bench.plan import SERVER_CORE, say

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
_SCHEDULER = 2  # CPUCLOCK_SCHED: with the inverted id of a process it is its clock, as clock_getcpuclockid makes it


class NotInstalledError(Exception):
    """A program that a figure needs is not installed; the argument is its Debian package."""


class BenchError(Exception):
    """A measurement that cannot be trusted, and why."""


@dataclass(frozen=True)
class Server:
    """A running server; `pid` is the process that does the work, including threads."""

    name: str
    port: int
    pid: int
    background: bool = False  # it works even when idle: paused while others are measured

    def cpu(self) -> float:
        """CPU seconds of the process and its ended children so far, user and system."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICKS

    def busy(self) -> float:
        """The same without children in nanosecond resolution; threads that have ended count."""
        try:
            return time.clock_gettime(((~self.pid) << 3) | _SCHEDULER)
        except OSError as error:
            raise BenchError(f"{self.name} ended in the middle of a measurement") from error

    def memory(self, field: str = "VmRSS") -> float:
        """Resident megabytes (10⁶ bytes) now, or the peak with `VmHWM`."""
        for line in self._proc("status").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise BenchError(f"/proc has no {field} of {self.name}")

    def memory_with_master(self) -> float:
        """Megabytes (10⁶ bytes) of the process and its parent; pages that they share with each other count once.

        Pages of files, such as libraries, count in full, even if other processes on the machine have them too.
        """
        master = int(self._proc("stat").rpartition(")")[2].split()[1])
        anonymous, files = 0, Counter[str]()
        for pid in (self.pid, master):
            anonymous += _sum(self._proc("smaps_rollup", pid), "Pss_Anon")
            files |= _file_pages(self._proc("smaps", pid))
        return (anonymous + files.total()) * 1024 / 1e6

    def _proc(self, file: str, pid: int | None = None) -> str:
        try:
            return Path(f"/proc/{pid or self.pid}/{file}").read_text()
        except FileNotFoundError as error:
            raise BenchError(f"{self.name} ended in the middle of a measurement") from error

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let a paused server run while it is measured."""
        if self.background:
            os.kill(self.pid, signal.SIGCONT)
        try:
            yield
        finally:
            if self.background:
                os.kill(self.pid, signal.SIGSTOP)


def _sum(smaps: str, field: str) -> int:
    """The sum of a field in kilobytes."""
    lines = [line.split() for line in smaps.splitlines()]
    return sum(int(fields[1]) for fields in lines if fields[0] == f"{field}:")


def _file_pages(smaps: str) -> Counter[str]:
    """Resident kilobytes of each mapped part of a file, without pages that are the process's own."""
    found, part = Counter[str](), ""
    for line in smaps.splitlines():
        fields = line.split()
        if not fields[0].endswith(":"):
            part = " ".join(fields[2:]) if len(fields) > 5 and fields[5].startswith("/") else ""
        elif part and fields[0] in ("Rss:", "Anonymous:"):
            found[part] += int(fields[1]) * (1 if fields[0] == "Rss:" else -1)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def service(**settings: object) -> Iterator[Server]:
    """The service itself, in memory alone; `events_ring=100_000` sets ANALYTICS_EVENTS_RING."""
    named = {"ANALYTICS_DATA_DIR": ""} | {f"ANALYTICS_{name.upper()}": str(value) for name, value in settings.items()}
    with _gunicorn("the service", "wsgi:app", named) as server:
        yield server


@contextmanager
def journalled(**settings: object) -> Iterator[Server]:
    """The service with the journal on; `settings` as of `service`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, service(data_dir=folder, **settings) as server:
        yield server


@contextmanager
def bare(size: int = 0) -> Iterator[Server]:
    """The baseline view; its `/sized` answers `size` bytes."""
    with _gunicorn("bare view", "bench.bare:app", {"BARE_BYTES": str(size)}) as server:
        yield server


@contextmanager
def _gunicorn(name: str, app: str, settings: dict[str, str]) -> Iterator[Server]:
    port = free_port()
    command = [str(Path(sys.executable).parent / "gunicorn"), "-k", "gevent", "-c", "gunicorn.conf.py", app]
    env = {key: value for key, value in os.environ.items() if not key.startswith("ANALYTICS_")}
    env |= settings | {"HOST": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "INFO"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed, where modules are compiled once
    with process(name, lambda _: command, env) as master:
        wait_until(name, master, lambda: answers(port, "/health"))
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        if len(children) != 1:
            raise BenchError(f"{name} has {len(children)} workers, not one")
        yield Server(name, port, int(children[0]))


@contextmanager
def process(
    name: str, command: Callable[[Path], list[str]], env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server on its core, with a temporary folder; it and its children are always stopped."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name_of_folder:
        folder = Path(name_of_folder)
        output = folder / "output.log"
        with output.open("wb") as log:
            started = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), *command(folder)],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only this program, which then stops the server
            )
        try:
            yield started
        except BenchError:
            say(f"last output of {name}: {_tail(output)}")
            raise
        finally:
            _stop(started)


def _stop(started: subprocess.Popen[bytes]) -> None:
    try:
        started.terminate()
        started.send_signal(signal.SIGCONT)
        started.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):  # the group consists of the server and its children
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def wait_until(name: str, started: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if started.poll() is not None:
            raise BenchError(f"{name} ended with code {started.returncode} at its start")
        if time.monotonic() > deadline:
            raise BenchError(f"{name} did not answer within {START_SECONDS:.0f} s")
        time.sleep(0.1)


def answers(port: int, path: str) -> bool:
    try:
        with Connection(port) as connection:
            return connection.get(path).status < 300
    except OSError:
        return False


def installed(program: str, package: str) -> str:
    """The path of a program; NotInstalledError names its Debian package."""
    found = shutil.which(program)
    if found is None:
        raise NotInstalledError(package)
    return found


def _tail(output: Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    return " / ".join(line[:400] for line in lines[-2:]) or "nothing"
