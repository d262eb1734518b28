"""The intake that every kind of record passes: which records of a request are kept, and what to count of them.

It runs when a request's records come back from the log, and decides by them, their time and the state alone, so that
the same log gives the same state whenever it is read. It works in stages. Each stage runs over all records at once
and takes out those that it refuses: what the record says, its time, duplicates, room for its service, room for its
series. Then the others are counted in groups. A kind adds what is its own: see `Rules`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, NamedTuple, Protocol

from analytics.clock import rfc3339_second
from analytics.log import refusal
from analytics.log.groups import Group, Groups
from analytics.log.refusal import Refused
from analytics.log.seen_ids import SeenIds
from analytics.records import ItemError, Kept, R
from analytics.state.observations import Observations
from analytics.state.state import State

AHEAD = 300
"""Seconds that a client's clock may be ahead of the service's."""


class Checked(NamedTuple, Generic[R]):
    """The result of checking the records of a request: which are kept, how to count them, and what was refused.

    Nothing is counted before `observe` is called. `failed` holds the places of records that are errors. `repeated_id`
    is the last id that was seen before, if any was. `errors` have the places of their records in the request.
    """

    records: Sequence[R]
    observe: Callable[[], list[Observations]]
    failed: Sequence[int]
    duplicates: int
    repeated_id: str
    errors: list[ItemError]


class Rules(Protocol[R]):
    """What is special to one kind of record."""

    @property
    def refusal(self) -> Callable[[R], Refused | None] | None:
        """Why a record may not be kept, by what it says; None where any readable one may be."""

    def groups(self, now: float, *, is_timed: bool) -> Groups[R]:
        """Empty groups for the records of a request of `now`; `is_timed` where some have their own time."""

    def detached(self, item: R) -> R:
        """The same record without references into the body of its request."""

    def record(self, state: State, kept: Kept[R], checked: Checked[R]) -> int:
        """Count and keep the records that passed; returns the sequence number of the last one, 0 without numbers."""


class Intake(Generic[R]):
    """Checks records of one kind against the state."""

    def __init__(self, rules: Rules[R], state: State, ids: SeenIds) -> None:
        self.rules: Rules[R] = rules
        self._state, self.ids = state, ids

    def check(self, records: Sequence[R], now: float) -> Checked[R]:
        """Check the records of a request that came in at `now` (seconds since the epoch), with the state's lock held.

        The ids, services and series of those that are kept are known from then on.
        """
        sieve = _Sieve(records)
        if self.rules.refusal is not None:
            sieve.refuse(self.rules.refusal)
        is_timed = any([item.timestamp is not None for item in sieve.items])  # noqa: C419  # quicker than a generator
        if is_timed:
            sieve.refuse(partial(_time_refusal, now=now, oldest=self._state.oldest))
        groups = self.rules.groups(now, is_timed=is_timed)
        group_of = groups.of(sieve.items)
        unknown = groups.unknown(self._state.limits)
        if self._state.limits.has_room(unknown) and self._state.services.has_room(groups.services()):
            repeated = self._take_ids(sieve, group_of, now)
        else:
            repeated = self._one_by_one(sieve, group_of, now)
            group_of = groups.narrow(sieve.items)
        items: Sequence[R] = sieve.items
        if 2 * len(items) < len(records):  # few are left: do not hold the body of all
            items = [self.rules.detached(item) for item in items]
        groups.fill(group_of, items)
        if unknown:
            self._state.limits.add(groups.unknown(self._state.limits))
        observe = partial(groups.count, self._state)
        failed = _places_of(groups.failed(), items)
        return Checked(items, observe, failed, len(repeated), repeated[-1] if repeated else "", sieve.errors)

    def _take_ids(self, sieve: "_Sieve[R]", group_of: list[Group[R]], now: float) -> list[str]:
        """Take out the records whose ids were seen, and return these; `group_of` loses their groups."""
        repeated = [
            (index, item.id)
            for index, item in enumerate(sieve.items)
            if item.id is not None and not self.ids.add(item.id, now) and self._state.quotas is not None
        ]
        for index, _ in reversed(repeated):
            del group_of[index]
        sieve.drop([index for index, _ in repeated])
        return [id_ for _, id_ in repeated]

    def _one_by_one(self, sieve: "_Sieve[R]", group_of: Sequence[Group[R]], now: float) -> list[str]:
        """Find room for one record after the other, and take out those that find none, and duplicates.

        A duplicate needs no room, and what a refused record would have needed is left for the next one. Returns the
        ids of duplicates.
        """
        services = self._state.services
        room, newcomers = services.room, set[str]()
        admitted: dict[Group[R], Refused | None] = {}
        refusals: list[Refused | None] = []
        repeated: list[tuple[int, str]] = []
        for item, group in zip(sieve.items, group_of, strict=True):
            refused = None
            if item.id is not None and self.ids.knows(item.id, now):
                repeated.append((len(refusals), item.id))
            else:
                is_new = group.service not in newcomers and not services.has(group.service)
                if is_new and len(newcomers) >= room:
                    refused = refusal.too_many_services(group.service)
                else:
                    if group not in admitted:
                        admitted[group] = group.admit(self._state.limits)
                    refused = admitted[group]
                if refused is None:
                    if is_new:
                        newcomers.add(group.service)
                    if item.id is not None:
                        self.ids.add(item.id, now)
            refusals.append(refused)
        sieve.take_out(refusals, [index for index, _ in repeated])
        return [id_ for _, id_ in repeated]


class _Sieve(Generic[R]):
    """The records that no stage has taken out so far, with their places, and the errors of those it refused."""

    def __init__(self, records: Sequence[R]) -> None:
        self.items: list[R] = list(records)
        self.errors: list[ItemError] = []
        self._places: Sequence[int] = range(len(records))

    def refuse(self, refusal_of: Callable[[R], Refused | None]) -> None:
        """Take out the items for which there is a refusal."""
        refusals = [refusal_of(item) for item in self.items]
        if any(refusals):
            self.take_out(refusals)

    def take_out(self, refusals: Sequence[Refused | None], repeated: Sequence[int] = ()) -> None:
        """Take out the items that have a refusal: there is one, or None, for each; and those that are repeated."""
        for place, refused in zip(self._places, refusals, strict=True):
            if refused is not None:
                self.errors.append(ItemError(place, refused.code, refused.message, refused.field))
        self.drop([*repeated, *(index for index, refused in enumerate(refusals) if refused is not None)])

    def drop(self, indexes: Sequence[int]) -> None:
        """Take out the items at `indexes` without an error."""
        if indexes:
            gone = set(indexes)
            self.items = [item for index, item in enumerate(self.items) if index not in gone]
            self._places = [place for index, place in enumerate(self._places) if index not in gone]


def _time_refusal(item: R, now: float, oldest: float) -> Refused | None:
    return None if item.timestamp is None else time_refusal(item.timestamp, now, oldest)


def time_refusal(when: datetime, now: float, oldest: float) -> Refused | None:
    """Why a record of that time may not be kept: too far ahead, or before what is kept (in epoch seconds)."""
    at = when.timestamp()
    if at > now + AHEAD:
        return refusal.in_future(when.isoformat(), AHEAD)
    if at < oldest:
        return refusal.too_old(when.isoformat(), rfc3339_second(oldest))
    return None


def _places_of(some: Sequence[R], items: Sequence[R]) -> Sequence[int]:
    """Where `some` of the `items` stand, ascending."""
    if not some:
        return ()
    wanted = set(map(id, some))
    return [place for place, key in enumerate(map(id, items)) if key in wanted]
