"""Entries that wait to be written, and the replies for the requests that wait for them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import gevent
from gevent.hub import Waiter

from analytics.log.log import Entry


class Reply:
    """The outcome of an entry, for the one request that waits for it."""

    __slots__ = ("_error", "_outcome", "_waiter", "is_known")

    def __init__(self) -> None:
        self._waiter: Waiter | None = None
        self._outcome: Any = None
        self._error: Exception | None = None
        self.is_known = False

    def set(self, outcome: Any) -> None:
        """Set the outcome; `notify` must be called afterwards."""
        self._outcome, self.is_known = outcome, True

    def fail(self, error: Exception) -> None:
        """Set the error that `get` raises; `notify` must be called afterwards."""
        self._error, self.is_known = error, True

    def get(self) -> Any:
        """Wait for the outcome.

        Raises:
            Exception: the error that was set instead.
        """
        if not self.is_known:
            self._waiter = Waiter()
            self._waiter.get()
        if self._error is not None:
            raise self._error
        return self._outcome

    def wake(self) -> None:
        """Let the request continue, if it waits; only the event loop may call this."""
        if self._waiter is not None:
            self._waiter.switch(None)


class PendingEntry(NamedTuple):
    """An entry in the backlog.

    Attributes:
        body: its records as packed JSON.
        reply: for the request that waits for it; None if the entry is applied already (durability `relaxed`).
    """

    entry: Entry
    body: bytes
    reply: Reply | None


def notify(replies: Iterable[Reply]) -> None:
    """Wake up the requests that wait for `replies`, in order, in the next iteration of the event loop."""
    gevent.get_hub().loop.run_callback(_wake_all, replies)


def refuse(replies: Iterable[Reply], error: Exception) -> None:
    """Let all requests that wait for `replies` fail with `error`."""
    refused = list(replies)
    for reply in refused:
        reply.fail(error)
    notify(refused)


def _wake_all(replies: Iterable[Reply]) -> None:
    for reply in replies:
        reply.wake()
