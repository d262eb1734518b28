"""The ends of a process at which a client closes: the program's own, and that of a child of multiprocessing."""

import atexit
import sys
import weakref
from typing import Protocol


class Closable(Protocol):
    """What is open until then."""

    def close(self) -> None: ...


def close_at_end(client: Closable) -> None:
    """Close `client` when this process ends in good order, if it is not closed before."""
    atexit.register(client.close)
    close_with_child(client)


def close_with_child(client: Closable) -> None:
    """The same for a child of multiprocessing: that ends by finalizers of its own, and never by `atexit`."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(client, _finalize)  # a child begins by forgetting all finalizers
        _finalize(client)


def _finalize(client: Closable) -> None:
    util = sys.modules["multiprocessing.util"]
    util.Finalize(None, _close, (weakref.ref(client),), exitpriority=10)


def _close(client: "weakref.ref[Closable]") -> None:
    found = client()
    if found is not None:
        found.close()
