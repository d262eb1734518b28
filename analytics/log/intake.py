"""The intake: it decides which records of an entry are kept, and groups them for counting. All kinds share it.

It runs when an entry is applied. Its decisions depend on the records, their time and the state alone, so that
replaying the log gives the same state. It works in stages, each over all records: content, time, duplicates, room for
the service, room for the series. Each stage removes the records that it refuses; the remaining ones are counted in
groups. A kind adds its own rules: see `IntakeRules`.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import partial
from itertools import compress
from typing import Generic, NamedTuple, Protocol

from analytics.clock import rfc3339_second
from analytics.log import refusal
from analytics.log.groups import Group, Groups
from analytics.log.refusal import Refused
from analytics.log.seen_ids import SeenIds, key_of
from analytics.records import ItemError, Kept, R
from analytics.state.observations import Observations
from analytics.state.state import State

AHEAD = 300
"""How many seconds a record's timestamp may be ahead of the service's clock."""


class Checked(NamedTuple, Generic[R]):
    """Result of checking the records of a request.

    Attributes:
        records: the records that are kept.
        observe: counts them, and returns the observations for the state.
        failed: the indexes in `records` of those that count as errors, ascending.
        duplicates: how many records had an id that was seen before.
        repeated_id: the last such id; empty if there is none.
        errors: the refused records, by their index in the request.
        dropped: the indexes of the records that are not kept, ascending.
    """

    records: Sequence[R]
    observe: Callable[[], list[Observations]]
    failed: Sequence[int]
    duplicates: int
    repeated_id: str
    errors: list[ItemError]
    dropped: Sequence[int] = ()


class IntakeRules(Protocol[R]):
    """The intake's rules for one kind of record."""

    @property
    def refusal(self) -> Callable[[R], Refused | None] | None:
        """A function that refuses records by their content; None if every valid record is allowed."""

    def groups(self, now: float, *, is_timed: bool) -> Groups[R]:
        """Empty groups for the records of a request received at `now`; `is_timed` if any has a timestamp."""

    def detached(self, item: R) -> R:
        """A copy of the record that does not keep the body of its request in memory."""

    def new_names(self, state: State, record: R) -> frozenset[Hashable]:
        """The services, event types and series of the record that the service does not know yet."""

    def record(self, state: State, kept: Kept[R], checked: Checked[R]) -> int:
        """Count the records that passed, and keep them.

        Returns the sequence number of the last one; 0 for kinds without.
        """


class Intake(Generic[R]):
    """Checks the records of one kind against the state."""

    def __init__(self, rules: IntakeRules[R], state: State, ids: SeenIds) -> None:
        self.rules: IntakeRules[R] = rules
        self._state, self.ids = state, ids

    def check(self, records: Sequence[R], now: float) -> Checked[R]:
        """Check the records of a request received at `now` (seconds since the epoch); the caller holds the state lock.

        Remembers the ids and series of the records that are kept. Counting them is left to `Checked.observe`.
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
        if 2 * len(items) < len(records):  # few are left: do not keep the whole body in memory for them
            items = [self.rules.detached(item) for item in items]
        groups.fill(group_of, items)
        if unknown:
            self._state.limits.add(groups.unknown(self._state.limits))
        observe = partial(groups.count, self._state)
        failed = _places_of(groups.failed(), items)
        last = repeated[-1] if repeated else ""
        return Checked(items, observe, failed, len(repeated), last, sieve.errors, sieve.dropped(len(records)))

    def _take_ids(self, sieve: "_Sieve[R]", group_of: list[Group[R]], now: float) -> list[str]:
        """Remove records with ids that were seen before, and return those ids; removes their groups from `group_of`."""
        keys = [key_of(item.id, item.sender) for item in sieve.items if item.id is not None]
        if self.ids.add_all(keys, now):
            return []
        repeated = [
            (index, item.id)
            for index, item in enumerate(sieve.items)
            if item.id is not None and not self.ids.add(item.id, now, item.sender) and self._state.quotas is not None
        ]
        for index, _ in reversed(repeated):
            del group_of[index]
        sieve.drop([index for index, _ in repeated])
        return [id_ for _, id_ in repeated]

    def _one_by_one(self, sieve: "_Sieve[R]", group_of: Sequence[Group[R]], now: float) -> list[str]:
        """Check records one by one for duplicates and room, because there is not enough room for all of them.

        A duplicate needs no room, and a refused record takes none from the next one. Removes both, and returns the
        ids of the duplicates.
        """
        services = self._state.services
        room, newcomers = services.room, set[str]()
        admitted: dict[Group[R], Refused | None] = {}
        refusals: list[Refused | None] = []
        repeated: list[tuple[int, str]] = []
        for item, group in zip(sieve.items, group_of, strict=True):
            refused = None
            if item.id is not None and self.ids.knows(item.id, now, item.sender):
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
                        self.ids.add(item.id, now, item.sender)
            refusals.append(refused)
        sieve.take_out(refusals, [index for index, _ in repeated])
        return [id_ for _, id_ in repeated]


class _Sieve(Generic[R]):
    """The records that no stage has removed so far, and the errors of the refused ones."""

    def __init__(self, records: Sequence[R]) -> None:
        self.items: list[R] = list(records)
        self.errors: list[ItemError] = []
        self._places: Sequence[int] = range(len(records))

    def refuse(self, refusal_of: Callable[[R], Refused | None]) -> None:
        """Remove the items that `refusal_of` refuses."""
        refusals = [refusal_of(item) for item in self.items]
        if any(refusals):
            self.take_out(refusals)

    def take_out(self, refusals: Sequence[Refused | None], repeated: Sequence[int] = ()) -> None:
        """Remove refused items (`refusals` has one element for each item) and those at the `repeated` indexes."""
        for place, refused in zip(self._places, refusals, strict=True):
            if refused is not None:
                self.errors.append(ItemError(place, refused.code, refused.message, refused.field))
        self.drop([*repeated, *(index for index, refused in enumerate(refusals) if refused is not None)])

    def dropped(self, count: int) -> Sequence[int]:
        """The indexes of the removed items, of `count` in all."""
        return () if len(self._places) == count else sorted(set(range(count)).difference(self._places))

    def drop(self, indexes: Sequence[int]) -> None:
        """Remove the items at `indexes`."""
        if indexes:
            dropped = set(indexes)
            self.items = [item for index, item in enumerate(self.items) if index not in dropped]
            self._places = [place for index, place in enumerate(self._places) if index not in dropped]


def _time_refusal(item: R, now: float, oldest: float) -> Refused | None:
    return None if item.timestamp is None else time_refusal(item.timestamp, now, oldest)


def time_refusal(when: datetime, now: float, oldest: float) -> Refused | None:
    """The refusal of a timestamp that is too far ahead of `now` or before `oldest` (both seconds since the epoch)."""
    at = when.timestamp()
    if at > now + AHEAD:
        return refusal.in_future(when.isoformat(), AHEAD)
    if at < oldest:
        return refusal.too_old(when.isoformat(), rfc3339_second(oldest))
    return None


def _places_of(some: Sequence[R], items: Sequence[R]) -> Sequence[int]:
    """The indexes of `some` of the `items`, ascending."""
    if not some:
        return ()
    return list(compress(range(len(items)), map(set(map(id, some)).__contains__, map(id, items))))


def new_service(state: State, name: str) -> frozenset[Hashable]:
    """The service with this name, if it is not known yet."""
    return frozenset() if state.services.has(name) else frozenset((("service", name),))
