"""Erasures: they remove the events of a user from the state; what was counted stays."""

from collections.abc import Sequence
from typing import NamedTuple

from analytics.log.digests import among
from analytics.log.seen_ids import SeenIds, key_of
from analytics.records import Kept, NewErasure, NewEvent, without
from analytics.resources import Audited
from analytics.state.state import State

USERS = "users"
"""The collection that the audit log names for erasures."""


class ErasedEvents(NamedTuple):
    """The events that an erasure removed from memory: how many, and the users that they belonged to.

    `salt` names the erasure.
    """

    events: int
    users: frozenset[str]
    salt: str


class Erasures:
    """Applies erasures.

    Args:
        ids: the ids of events seen before.
    """

    def __init__(self, state: State, ids: SeenIds) -> None:
        self._state, self._ids = state, ids

    def apply(self, records: Sequence[NewErasure], received: float, _: str) -> ErasedEvents:
        """Remove the events from the rings of events and of errors, and their ids from those seen before."""
        (erasure,) = records
        self._state.set_time(received)
        rings = (self._state.events, self._state.errors.ring)
        held = [kept.records[place].user_id for ring in rings for _, kept, place in ring.newest_first()]
        groups = self._state.errors.groups
        users = among(erasure, [*held, *groups.users()])
        groups.erase(users)

        def of_users(kept: Kept[NewEvent]) -> Sequence[int]:
            return [place for place, event in enumerate(kept.records) if event.user_id in users]

        found = [each for ring in rings for each in ring.search(of_users)] if users else ()
        gone = {kept.id(place) for _, kept, place in found}
        if users:
            self._ids.erase(
                {key_of(kept.id(place), kept.records[place].sender) for _, kept, place in found}, erasure.salt
            )
            for ring in rings:
                ring.replace(lambda kept: without(kept, users))
        self._state.catalog.note(Audited(received, erasure.who, "erased", USERS, erasure.salt))
        self._state.erasure_count += 1
        self._state.version += 1
        return ErasedEvents(len(gone), users, erasure.salt)
