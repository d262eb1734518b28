"""Closes a client when its process ends, including child processes of multiprocessing."""

import atexit
import sys
import weakref
from typing import Protocol


class Closable(Protocol):
    """Object with a `close` method."""

    def close(self) -> None: ...


def close_at_end(client: Closable) -> None:
    """Close `client` when this process exits normally."""
    atexit.register(client.close)
    close_with_child(client)


def close_with_child(client: Closable) -> None:
    """Close `client` when a child process of multiprocessing exits; these run own finalizers instead of `atexit`."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(client, _finalize)  # a child starts without finalizers
        _finalize(client)


def _finalize(client: Closable) -> None:
    util = sys.modules["multiprocessing.util"]
    util.Finalize(None, _close, (weakref.ref(client),), exitpriority=10)


def _close(client: "weakref.ref[Closable]") -> None:
    found = client()
    if found is not None:
        found.close()
