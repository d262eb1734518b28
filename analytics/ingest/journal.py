"""What stands between taking records and counting them: they are written down first, or nothing is."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec


class Entry(NamedTuple):
    """What one request adds: records of one `kind` (events, metrics or heartbeats), `received` in epoch seconds.

    Without records it only waits for what was taken before. `apply` counts them, `undo` forgets that they were taken;
    one of both is called, with the state's lock held.
    """

    kind: str
    received: float
    id_prefix: str
    records: Sequence[msgspec.Struct]
    apply: Callable[[], Any]
    undo: Callable[[], Any]


class Journal(Protocol):
    """Writes entries down in the order in which it gets them, and has each applied once that is done."""

    def check(self) -> None:
        """See whether anything can be written.

        Raises:
            Unavailable: not now.
        """

    def write(self, entry: Entry) -> Callable[[], None]:
        """Take an entry, with the state's lock held; what is returned waits, without it, until the entry is applied.

        Raises (what is returned):
            Unavailable: it could not be written, and was undone.
        """


class Unwritten:
    """A journal that keeps nothing: memory is all there is."""

    def check(self) -> None:
        """Always."""

    def write(self, entry: Entry) -> Callable[[], None]:
        """Apply it at once."""
        entry.apply()
        return nothing


def nothing() -> None:
    """Wait for nothing: the entry is applied."""
