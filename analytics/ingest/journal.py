"""The journal between taking records and counting them: they are written down first, and counted as they come back."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec


class Entry(NamedTuple):
    """What one request sent: records of one `kind`, `received` in epoch seconds.

    `apply` checks and counts the records once they are written, with the state's lock held, and returns what came of
    that.
    """

    kind: str
    received: float
    id_prefix: str
    records: Sequence[msgspec.Struct]
    apply: Callable[[], Any]


class Journal(Protocol):
    """Writes entries down in the order in which it gets them, and has each applied once that is done."""

    def check(self) -> None:
        """See whether anything can be written.

        Raises:
            Unavailable: not now.
        """

    def write(self, entry: Entry) -> Callable[[], Any]:
        """Take an entry, with the state's lock held.

        What is returned waits, without the lock, until the entry is applied, and returns what came of that.

        Raises (what is returned):
            Unavailable: it could not be written, and is not applied.
        """


class Unwritten:
    """A journal that keeps nothing: memory is all there is."""

    def check(self) -> None:
        """Always."""

    def write(self, entry: Entry) -> Callable[[], Any]:
        """Apply it at once."""
        return applied(entry)


def applied(entry: Entry) -> Callable[[], Any]:
    """Apply an entry now; nobody has to wait."""
    outcome = entry.apply()
    return lambda: outcome
