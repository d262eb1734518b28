"""Dropped records: those that the state did not keep, as duplicates or over a limit, by entry.

Readers of the journal find all records in an entry; only applying it decides which of them count. Entries without
dropped records are not noted. Those of entries that a checkpoint covers are in the database, the others in memory: a
start replays these entries, and notes them again.
"""

from typing import Any

from analytics.log.disk.indexes import packed_indexes
from analytics.log.outcome import Outcome


class Dropped:
    """The dropped records of entries after the newest checkpoint."""

    def __init__(self) -> None:
        self._indexes: dict[int, bytes] = {}
        self.told: int | None = None
        """The position up to which the reader knows those in memory; None while nobody reads."""

    def note(self, position: int, outcome: Any) -> None:
        """Note which records of the entry at `position` were dropped, by the outcome of applying it."""
        if isinstance(outcome, Outcome) and outcome.dropped:
            self._indexes[position] = packed_indexes(outcome.dropped)

    def after(self, position: int) -> list[tuple[int, bytes]]:
        """Positions after this one with the indexes of their dropped records, packed."""
        if not self._indexes or next(reversed(self._indexes)) <= position:
            return []
        return [(at, indexes) for at, indexes in self._indexes.items() if at > position]

    def up_to(self, position: int) -> list[tuple[int, bytes]]:
        """Positions up to this one with the indexes of their dropped records, packed."""
        return [(at, indexes) for at, indexes in self._indexes.items() if at <= position]

    def forget(self, position: int) -> None:
        """Forget entries up to `position`, which the database has; those that the reader does not know yet stay."""
        position = position if self.told is None else min(position, self.told)
        self._indexes = {at: indexes for at, indexes in self._indexes.items() if at > position}
