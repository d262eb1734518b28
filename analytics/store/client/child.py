"""The child: a store process, started by exec, and sockets to it."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from socket import send_fds
from tempfile import TemporaryFile
from typing import Any

import gevent
import msgspec
from gevent import socket
from gevent.monkey import get_original

from analytics.store.options import StoreOptions

COMMAND = ("-m", "analytics.store.process")
"""The arguments of Python that start the store process."""
CONTROL = 3
"""The descriptor of the child's end of the control socket."""
REAP_SECONDS = 0.02
END_SECONDS = 5.0
"""How long the child may take to end when its control socket has ended."""

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Blocked in the child until it ignores them: who stops or reloads a service may send them to all of its processes."""
_posix_spawn, _waitpid = os.posix_spawn, get_original("os", "waitpid")


class Child:
    """A running store process. It ends when `end` is called, or this process does.

    Raises:
        OSError: it could not be started.
    """

    def __init__(self, options: StoreOptions, command: Sequence[str] = COMMAND) -> None:
        self._control, theirs = socket.socketpair()
        arguments = [sys.executable, *command, msgspec.json.encode(options).decode()]
        actions: list[tuple[Any, ...]] = []
        own = theirs.fileno()
        if own == CONTROL:
            os.set_inheritable(own, True)
        else:
            actions.append((os.POSIX_SPAWN_DUP2, own, CONTROL))
        try:
            self.pid = _posix_spawn(
                sys.executable, arguments, os.environ, file_actions=actions, setsigmask=IGNORED, setsigdef=IGNORED
            )
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
        self.status: int | None = None

    def connect(self, body: bytes = b"") -> Any:
        """A new socket to the child, for one request with this body.

        Raises:
            OSError: the child is gone.
        """
        ours, theirs = socket.socketpair()
        try:
            with _files_of(body) as files:
                send_fds(self._control, [b"r"], [theirs.fileno(), *files])
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def wait(self) -> int:
        """Wait until the child has ended; returns its status as `waitpid` gives it."""
        with contextlib.suppress(ConnectionResetError):
            while self._control.recv(1):
                pass
        return self._reap()

    def end(self) -> None:
        """End the child, and wait for it."""
        self._control.close()
        self._reap()

    def _reap(self) -> int:
        with gevent.Timeout(END_SECONDS, exception=False):
            while self.status is None:
                self._look(os.WNOHANG)
                if self.status is None:
                    gevent.sleep(REAP_SECONDS)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self._look(0)
        assert self.status is not None
        return self.status

    def _look(self, options: int) -> None:
        try:
            pid, status = _waitpid(self.pid, options)
        except ChildProcessError:  # somebody else has reaped it
            pid, status = self.pid, 0
        if pid:
            self.status = status


@contextlib.contextmanager
def _files_of(body: bytes) -> Iterator[list[int]]:
    """The descriptor of a file without a name; none without a body.

    A socket has too little room for a large body, so that both ends would wait for each other often.
    """
    if not body:
        yield []
        return
    with os.fdopen(os.memfd_create("body"), "w+b") if sys.platform == "linux" else TemporaryFile() as file:
        file.write(body)
        file.flush()
        yield [file.fileno()]
