"""One server for all workers of pytest-xdist: the first that needs it starts it, and stops it when no other uses it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.server import Server


@contextmanager
def shared(folder: Path, start: Callable[[], AbstractContextManager[Server]]) -> Iterator[Server]:
    """The server of a folder, which all of its users only read.

    Each user holds a shared lock of the file `users`; `entering` is locked while one enters, starts or stops it.
    """
    folder.mkdir(exist_ok=True)
    port = folder / "port"
    with ExitStack() as stack, (folder / "users").open("a") as users:
        with locked(folder / "entering"):
            is_own = not port.exists()
            if is_own:
                port.write_text(str(stack.enter_context(start()).port))
            else:
                fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield at(int(port.read_text()), folder / "server.log")
        finally:
            if is_own:
                with locked(folder / "entering"):
                    fcntl.flock(users, fcntl.LOCK_EX)  # once the others have finished
                    port.unlink()
                    stack.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock of a file."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def at(port: int, log: Path) -> Server:
    """A server that another process has started."""
    server = Server(log)
    server.port, server.url = port, f"http://127.0.0.1:{port}"
    return server


def folder_of_run(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return (own.parent if own.name.startswith("popen-") else own) / name
