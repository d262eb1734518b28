"""Finds the records in memory that name the users of an erasure, mostly before it is applied, so that this is short."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from analytics.kinds import EVENTS, KINDS, Kind
from analytics.log.digests import among
from analytics.records import Kept, NewErasure
from analytics.state.rings import Ring
from analytics.state.state import State
from analytics.yielding import yield_if_due

_NONE: Mapping[int, Collection[str]] = {}


class UserSearch:
    """Finds the users of one erasure, and remembers what it found in which request.

    What it finds depends on the erasure and the records alone, no matter when it looked at them.
    """

    def __init__(self, erasure: NewErasure) -> None:
        self._erasure = erasure
        self._known: dict[str, bool] = {}
        self._found: dict[int, tuple[Kept[Any], Mapping[int, Collection[str]]]] = {}

    def among(self, users: Iterable[str]) -> set[str]:
        """Those of the users that are to be erased."""
        known, found = self._known, set()
        for user in users:
            is_named = known.get(user)
            if is_named is None:
                is_named = known[user] = bool(among(self._erasure, (user,)))
            if is_named:
                found.add(user)
        return found

    def named(self, kind: Kind[Any], kept: Kept[Any], pause: Callable[[], None] | None = None) -> Mapping[int, Any]:
        """The indexes of the records of a request that name users to be erased, with these; `pause` is called often."""
        known = self._found.get(id(kept))
        if known is not None:
            return known[1]
        users_of, found = kind.users, {}
        if users_of is not None:
            for place in kept.places():
                users = users_of(kept.records[place])
                if users and (erased := self.among(users)):
                    found[place] = erased
                if pause is not None:
                    pause()
        self._found[id(kept)] = kept, found or _NONE  # which holds the request, so that no other has its id
        return found

    def places(self, kind: Kind[Any], kept: Kept[Any]) -> Sequence[int]:
        """The indexes of the records of a request that name users to be erased, ascending."""
        return list(self.named(kind, kept))


class UserSearches:
    """The searches for erasures that are being recorded."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._prepared: dict[str, UserSearch] = {}

    def rings(self) -> list[tuple[Kind[Any], Ring[Any]]]:
        """The rings whose records name users."""
        rings: list[tuple[Kind[Any], Ring[Any]]] = [
            (KINDS[name], ring) for name, ring in self._state.rings.items() if KINDS[name].users is not None
        ]
        return [*rings, (EVENTS, self._state.errors.ring)]

    def search_for(self, erasure: NewErasure) -> UserSearch:
        """The search for an erasure: one that was prepared has looked at most records already."""
        return self._prepared.get(erasure.salt) or UserSearch(erasure)

    @contextmanager
    def prepared(self, erasure: NewErasure) -> Iterator[None]:
        """Look at the records that are there while others run, before the erasure is recorded in the `with` block."""
        search = UserSearch(erasure)
        with self._state.lock:
            users = self._state.errors.groups.users()
            held = [(kind, ring.batches()) for kind, ring in self.rings()]
        search.among(users)
        for kind, batches in held:
            for kept in batches:
                search.named(kind, kept, yield_if_due)
        self._prepared[erasure.salt] = search
        try:
            yield
        finally:
            del self._prepared[erasure.salt]
