"""The log: entries are written down first, then applied to the state in the order in which they were written."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from analytics.kinds import Kind


class Entry(NamedTuple):
    """The records of one request, all of one kind.

    Attributes:
        received: when they arrived, in seconds since the epoch.
        id_prefix: how the ids begin that the service gives to records without one.
        apply: checks and counts the records once they are written, with the state's lock held; returns the outcome.
    """

    kind: Kind[Any]
    received: float
    id_prefix: str
    records: Sequence[msgspec.Struct]
    apply: Callable[[], Any]


class Log(Protocol):
    """Writes entries in the order in which they are appended, and applies each once it is written."""

    def check(self, kind: Kind[Any]) -> None:
        """Check that entries of this kind can be appended now.

        Raises:
            Unavailable: they cannot.
        """

    def append(self, entry: Entry) -> Callable[[], Any]:
        """Append an entry; the state's lock must be held.

        Returns a function that waits until the entry is applied and returns the outcome. Call it without the lock.

        Raises (the returned function):
            Unavailable: the entry could not be written, and is not applied.
        """


class MemoryLog:
    """A log that keeps nothing: entries are applied at once, and lost with the process."""

    def check(self, kind: Kind[Any]) -> None:
        """Do nothing: there is always room."""

    def append(self, entry: Entry) -> Callable[[], Any]:
        """Apply an entry."""
        return applied(entry)


def applied(entry: Entry) -> Callable[[], Any]:
    """Apply an entry now; returns a function that returns the outcome without waiting."""
    outcome = entry.apply()
    return lambda: outcome
