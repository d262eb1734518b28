"""Entries that wait to be written, and how the requests that wait for them are notified."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import gevent
from gevent.hub import Waiter

from analytics.log.log import Entry


class Pending(NamedTuple):
    """An entry in the backlog.

    Attributes:
        body: its records as packed JSON.
        waiter: the request that waits for it; None if the entry is applied already (durability `relaxed`).
    """

    entry: Entry
    body: bytes
    waiter: Waiter | None


class Completion(NamedTuple):
    """The result for a request that waits: the outcome of its entry, or the error."""

    waiter: Waiter
    outcome: Any = None
    error: Exception | None = None


def notify(completed: Iterable[Completion]) -> None:
    """Wake up the waiting requests in order, in the next iteration of the event loop."""
    gevent.get_hub().loop.run_callback(_wake_all, completed)


def _wake_all(completed: Iterable[Completion]) -> None:
    for waiter, outcome, error in completed:
        if error is None:
            waiter.switch(outcome)
        else:
            waiter.throw(error)
