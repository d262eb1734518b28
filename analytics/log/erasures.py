"""Erasures: they remove the records that name a user from the state; what was counted stays."""

from collections.abc import Collection, Mapping, Sequence, Set
from typing import Any, NamedTuple

from analytics.kinds import EVENTS, KINDS, Kind
from analytics.log.digests import among
from analytics.log.seen_ids import SeenIds, key_of
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
    """

    def __init__(self, state: State, ids: Mapping[str, SeenIds]) -> None:
        self._state, self._ids = state, ids

    def apply(self, records: Sequence[NewErasure], received: float, _: str) -> ErasedRecords:
        """Remove the records from the rings and from the groups of errors, and their ids from those seen before."""
        (erasure,) = records
        state = self._state
        state.set_time(received)
        held = [_Namers(KINDS[name], ring) for name, ring in state.rings.items() if KINDS[name].users is not None]
        held.append(_Namers(EVENTS, state.errors.ring))
        groups = state.errors.groups
        users = among(erasure, {*groups.users(), *(user for each in held for _, users in each.named for user in users)})
        groups.erase(users)
        ids: dict[str, set[str]] = {each.kind.name: set() for each in held}
        for each in held:
            gone = each.erase(users)
            ids[each.kind.name] |= {kept.id(place) for _, kept, place in gone}
            if each.kind.name in self._ids:
                keys = {key_of(kept.id(place), kept.records[place].sender) for _, kept, place in gone}
                self._ids[each.kind.name].erase(keys, erasure.salt)
        state.catalog.note(Audited(received, erasure.who, "erased", USERS, erasure.salt))
        state.erasure_count += 1
        state.version += 1
        return ErasedRecords({name: len(found) for name, found in ids.items()}, users, erasure.salt)


class _Namers:
    """The records of a ring that name users, with these."""

    def __init__(self, kind: Kind[Any], ring: Ring[Any]) -> None:
        self.kind, self._ring = kind, ring
        users_of = kind.users or (lambda _: ())
        self.named: list[tuple[Found[Any], Collection[str]]] = [
            (found, users) for found in ring.newest_first() if (users := users_of(found.kept.records[found.place]))
        ]

    def erase(self, users: Set[str]) -> list[Found[Any]]:
        """Erase the records that name one of these users; returns where they were."""
        gone = [found for found, named in self.named if not users.isdisjoint(named)]
        places: dict[int, list[int]] = {}
        for _, kept, place in gone:
            places.setdefault(id(kept), []).append(place)
        if gone:
            self._ring.replace(lambda kept: self.kind.erased(kept, places.get(id(kept), ())))
        return gone
