"""The interface of a log, and the log of memory mode.

A log writes entries first, then applies them to the state in the order in which they were written.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from analytics.kinds import Kind


class Entry(NamedTuple):
    """The records of one request, all of one kind.

    Attributes:
        received: when they were received, in seconds since the epoch.
        id_prefix: the start of the ids that the service assigns to records without one.
        apply: checks and counts the records after they are written, and returns the outcome. The caller holds the
            state's lock.
    """

    kind: Kind[Any]
    received: float
    id_prefix: str
    records: Sequence[msgspec.Struct]
    apply: Callable[[], Any]


class Log(Protocol):
    """Writes entries in the order in which they are appended, and applies each after it is written."""

    def check(self, kind: Kind[Any]) -> None:
        """Check that an entry of this kind can be appended now.

        Raises:
            Unavailable: it cannot; the message says why.
        """

    def append(self, entry: Entry) -> Callable[[], Any]:
        """Append an entry; the caller holds the state's lock.

        Returns a function that waits until the entry is applied, and returns the outcome. Call it without the lock.

        Raises (the returned function):
            Unavailable: the entry could not be written and was not applied.
        """


class MemoryLog:
    """The log of memory mode: it applies entries at once and stores nothing."""

    def check(self, kind: Kind[Any]) -> None:
        """Do nothing: there is always room."""

    def append(self, entry: Entry) -> Callable[[], Any]:
        """Apply an entry at once."""
        return applied(entry)


def applied(entry: Entry) -> Callable[[], Any]:
    """Apply an entry now; returns a function that returns the outcome at once."""
    outcome = entry.apply()
    return lambda: outcome
