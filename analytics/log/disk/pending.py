"""Who waits for the journal, and how they are told, many at once."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import gevent
from gevent.hub import Waiter

from analytics.log.log import Entry


class Pending(NamedTuple):
    """An entry, its records as packed JSON, and who waits for it; nobody waits for one that is applied already."""

    entry: Entry
    body: bytes
    waiter: Waiter | None


class Completion(NamedTuple):
    """Who waited for an entry, and what came of it, or what went wrong with it."""

    waiter: Waiter
    outcome: Any = None
    error: Exception | None = None


def notify(completed: Iterable[Completion]) -> None:
    """Let those go on who waited, one after the other, as soon as the event loop comes to it."""
    gevent.get_hub().loop.run_callback(_wake_all, completed)


def _wake_all(completed: Iterable[Completion]) -> None:
    for waiter, outcome, error in completed:
        if error is None:
            waiter.switch(outcome)
        else:
            waiter.throw(error)
