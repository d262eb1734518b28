"""The search for erased records: what an erasure is about, which is given by digests, in all files and the tail."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from analytics.kinds import EVENTS
from analytics.log.digests import among
from analytics.records import NewErasure
from analytics.store.files.checking import damaged
from analytics.store.files.manifest import PendingErasure
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.engine import DuckEngine
from analytics.store.process.erased_counts import ErasedCounts
from analytics.store.process.events_sql import ErasedUsers, is_searched
from analytics.store.process.view import View
from analytics.store.records.erased import find_erased
from analytics.store.records.layout import RECORD_LAYOUTS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FETCHED = 10_000
"""Users that are compared at a time."""

logger = logging.getLogger(__name__)


class ErasureSearch:
    """Looks for the records of erasures; questions about kinds that it has not looked through yet are refused.

    `begin` looks for users of events, which is quick. One thread calls `step`, which looks for all else.
    """

    def __init__(self, catalog: FileCatalog, engine: DuckEngine) -> None:
        self._catalog, self._engine = catalog, engine
        self.counts = ErasedCounts()
        self._condition = threading.Condition()
        self._waiting: list[tuple[PendingErasure, ErasedUsers]] = []

    def begin(self, erasure: PendingErasure) -> None:
        """Leave out the records of an erasure from now on."""
        kinds = frozenset({EVENTS.name, *erasure.records} & {EVENTS.name, *RECORD_LAYOUTS})
        erased = ErasedUsers(frozenset(), erasure.number, erasure.position, searching=kinds)
        self._catalog.erase(erased)
        try:
            erased = self._search(erasure, erased, EVENTS.name)
        except Exception:
            logger.exception("the events of erased users were not found, and are looked for again")
        with self._condition:
            self._waiting.append((erasure, erased))
            self._condition.notify_all()

    def step(self) -> None:
        """Wait for an erasure, and look for all its records.

        Raises:
            duckdb.Error, OSError, sqlite3.Error: that failed; it is tried again after the others.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._waiting)
            erasure, erased = self._waiting[0]
        try:
            for kind in sorted(erased.searching):
                erased = self._search(erasure, erased, kind)
                self._waiting[0] = erasure, erased
        except BaseException:
            with self._condition:
                self._waiting.append(self._waiting.pop(0))
            raise
        self.counts.set(erasure.salt, erased.counts)
        with self._condition:
            del self._waiting[0]

    def wait(self, kind: str, seconds: float) -> bool:
        """Wait until all erased records of a kind are known, for at most so many seconds; returns whether they are."""
        with self._condition:
            return self._condition.wait_for(lambda: not is_searched(self._catalog.erased, kind), seconds)

    def _search(self, erasure: PendingErasure, before: ErasedUsers, kind: str) -> ErasedUsers:
        """What is erased, with the records of one more kind."""
        erased = self._read(lambda view, connection: _found(view, connection, erasure, before, kind))
        erased = erased._replace(searching=before.searching - {kind})
        self._catalog.replace_erased(before, erased)
        with self._condition:
            self._condition.notify_all()
        return erased

    def _read(self, find: Callable[[View, "DuckDBPyConnection"], ErasedUsers]) -> ErasedUsers:
        """What is found in all files; if that fails, in those that are not damaged."""
        self._catalog.check_sizes()
        while True:
            with self._catalog.view() as view, self._engine.lend() as connection:
                view.show(connection)
                try:
                    return find(view, connection)
                except Exception:
                    if not self._catalog.leave_out(damaged(view.folder, view.all_files)):
                        raise


def _found(
    view: View, connection: "DuckDBPyConnection", erasure: PendingErasure, erased: ErasedUsers, kind: str
) -> ErasedUsers:
    digests = NewErasure(erasure.salt, erasure.digests)
    if kind != EVENTS.name:
        layout = RECORD_LAYOUTS[kind]
        found = find_erased(connection, layout, view.sources_of(layout), digests, erasure.records[kind])
        return erased._replace(records={**erased.records, kind: found})
    users, events = set[str](), 0
    query = f"SELECT user_id, count(*) FROM {view.users_up_to(erasure.number)} GROUP BY user_id"  # nosec
    rows = connection.execute(query)
    while some := rows.fetchmany(FETCHED):
        counts: dict[str, int] = dict(some)
        gone = among(digests, counts)
        users |= gone
        events += sum(counts[user] for user in gone)
    return erased._replace(users=frozenset(users), events=events)
