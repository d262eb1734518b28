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
    done: Waiter | None


class Ended(NamedTuple):
    """Who waited for an entry, and what came of it, or what went wrong with it."""

    done: Waiter
    outcome: Any = None
    error: Exception | None = None


def tell(ended: Iterable[Ended]) -> None:
    """Let those go on who waited, one after the other, as soon as the event loop comes to it."""
    gevent.get_hub().loop.run_callback(_go_on, ended)


def _go_on(ended: Iterable[Ended]) -> None:
    for done, outcome, error in ended:
        if error is None:
            done.switch(outcome)
        else:
            done.throw(error)
