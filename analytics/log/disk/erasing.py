"""Erasing: removes erased records from every byte of the database's files.

After an erasure the state no longer has the records, but the files still do: in entries of the journal, in older parts
of the checkpoint, in pages that SQLite has freed, and in its write-ahead log. A checkpoint prunes the entries; here
those that wait for consumers are rewritten, and the whole file is written anew without its freed pages.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from analytics.clock import Clock
from analytics.kinds import KINDS, Kind, kind_for
from analytics.log.digests import among
from analytics.log.disk.failures import EXPECTED_ERRORS
from analytics.log.disk.log import DiskLog
from analytics.log.disk.packing import packed
from analytics.log.disk.recovery import kept_of, read_chunk, records_of
from analytics.log.disk.stored import ERASING, Part, StoredEntry
from analytics.records import NewErasure
from analytics.state.state import State
from analytics.yielding import yield_if_due

PAUSE_SECONDS = 60.0
"""The minimum time between two attempts: many erasures share one."""

logger = logging.getLogger(__name__)


class Erasing:
    """Knows which erasures are complete, and completes the others after a checkpoint that covers them."""

    def __init__(self, state: State, log: DiskLog, clock: Clock) -> None:
        self._state, self._log, self._clock = state, log, clock
        self._complete = 0
        self._at = -PAUSE_SECONDS

    @property
    def is_waiting(self) -> bool:
        """Whether the files may still hold erased records."""
        return self._state.erasure_count > self._complete

    @property
    def is_due(self) -> bool:
        """Whether it is time for a checkpoint, so that erasures can be completed."""
        return self.is_waiting and self._clock.monotonic() - self._at >= PAUSE_SECONDS

    def parts(self) -> list[Part]:
        """The marker, if a checkpoint that is made now needs it."""
        return [ERASING] if self.is_waiting else []

    def complete(self, erasures: int, position: int) -> None:
        """Complete the first `erasures` erasures, which the checkpoint up to `position` covers.

        If that fails, they stay waiting.
        """
        self._at = self._clock.monotonic()
        try:
            for entries in self._rewritten(position):
                self._log.ask(self._log.database.rewrite, entries)
            self._log.ask(self._log.database.compact)
        except EXPECTED_ERRORS as error:
            logger.warning(
                "erased records are still in the files; the next try is in a minute", extra={"reason": str(error)}
            )
            return
        self._complete = erasures
        logger.info("erased records were removed from the files", extra={"entry": position})

    def _rewritten(self, position: int) -> Iterator[list[StoredEntry]]:
        """The entries up to `position` that wait for consumers and have erased records, without these."""
        database = self._log.database
        erasures: list[tuple[int, NewErasure]] = [
            (entry.position, records_of(entry)[0])
            for entry in self._log.ask(lambda: list(database.entries(0, position, kind_for(NewErasure).name)))
        ]
        last = max((at for at, _ in erasures), default=0)
        for kind in [kind for kind in KINDS.values() if kind.users is not None]:
            after = 0
            while entries := self._log.ask(read_chunk, database, after, last, kind.name):
                after = entries[-1].position
                changed = []
                for entry in entries:
                    left = _without(kind, entry, [each for at, each in erasures if at > entry.position])
                    if left is not None:
                        changed.append(left)
                    yield_if_due()
                yield changed


def _without(kind: Kind[Any], entry: StoredEntry, erasures: Sequence[NewErasure]) -> StoredEntry | None:
    """The entry without the records that the erasures are about; None if it has none of them."""
    kept, users_of = kept_of(entry), kind.users
    if users_of is None:
        return None
    named = []
    for record in kept.records:
        named.append(users_of(record))
        yield_if_due()
    known = {user for each in named for user in each}
    users = frozenset[str]().union(*(among(erasure, known) for erasure in erasures))
    gone = [place for place, found in enumerate(named) if not users.isdisjoint(found)]
    if not gone:
        return None
    left = kind.erased(kept, gone).records  # a stand-in in place of each, so that the places of the others stay
    return entry._replace(body=packed(msgspec.json.encode(left)))
