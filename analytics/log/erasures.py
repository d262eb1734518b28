"""Erasures: they remove the records that name a user from the state; what was counted stays."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from analytics.kinds import Kind
from analytics.log.seen_ids import SeenIds, key_of
from analytics.log.user_search import UserSearches
from analytics.records import NewErasure
from analytics.resources import Audited
from analytics.state.rings import Found, Ring
from analytics.state.state import State

USERS = "users"
"""The collection that the audit log names for erasures."""


class ErasedRecords(NamedTuple):
    """What an erasure removed from memory: how many records by kind, and the users that they name.

    `salt` names the erasure.
    """

    counts: dict[str, int]
    users: frozenset[str]
    salt: str


class Erasures:
    """Applies erasures.

    Args:
        ids: the ids of records seen before, by kind; of the kinds whose ids clients choose.
        searches: know the users of the records in memory.
    """

    def __init__(self, state: State, ids: Mapping[str, SeenIds], searches: UserSearches) -> None:
        self._state, self._ids, self._searches = state, ids, searches

    def apply(self, records: Sequence[NewErasure], received: float, _: str) -> ErasedRecords:
        """Remove the records from the rings and from the groups of errors, and their ids from those seen before."""
        (erasure,) = records
        state, search = self._state, self._searches.search_for(erasure)
        state.set_time(received)
        groups = state.errors.groups
        users = search.among(groups.users())
        ids: dict[str, set[str]] = {}
        for kind, ring in self._searches.rings():
            gone = list(ring.search(partial(search.places, kind)))
            users.update(user for _, kept, place in gone for user in search.named(kind, kept)[place])
            ids.setdefault(kind.name, set()).update(kept.id(place) for _, kept, place in gone)
            if kind.name in self._ids:
                keys = {key_of(kept.id(place), kept.records[place].sender) for _, kept, place in gone}
                self._ids[kind.name].erase(keys, erasure.salt)
            _erase(kind, ring, gone)
        groups.erase(users)
        state.catalog.note(Audited(received, erasure.who, "erased", USERS, erasure.salt))
        state.erasure_count += 1
        state.version += 1
        return ErasedRecords({name: len(found) for name, found in ids.items()}, frozenset(users), erasure.salt)


def _erase(kind: Kind[Any], ring: Ring[Any], gone: Sequence[Found[Any]]) -> None:
    places: dict[int, list[int]] = {}
    for _, kept, place in gone:
        places.setdefault(id(kept), []).append(place)
    if gone:
        ring.replace(lambda kept: kind.erased(kept, places.get(id(kept), ())))
