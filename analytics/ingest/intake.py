"""The intake that every kind of record passes: which items of a batch may be recorded, and what to count of them.

It works in stages. Each stage runs over the whole batch at once and takes out the items that it refuses: what the item
says, its time, room for its service, room for its series. Then come duplicates, and the groups in which items are
counted. A kind adds what is its own: see `Kind`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from analytics.clock import rfc3339_second
from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.groups import Group, Groups
from analytics.ingest.refusal import Refused
from analytics.records import ItemError, R
from analytics.state.claims import Claim
from analytics.state.observations import Observations
from analytics.state.state import State

AHEAD = 300
"""Seconds that a client's clock may be ahead of the service's."""

N = TypeVar("N", covariant=True)


class Decoded(Protocol[N]):
    """Readable items with their places in what was sent, and the errors of those that were not readable."""

    @property
    def items(self) -> Sequence[N]: ...

    @property
    def places(self) -> Sequence[int]: ...

    @property
    def errors(self) -> Sequence[ItemError]: ...


class One(NamedTuple, Generic[R]):
    """A single item as a batch."""

    items: tuple[R]
    places: Sequence[int] = (0,)
    errors: Sequence[ItemError] = ()


class Checked(NamedTuple, Generic[R]):
    """The result of checking a batch: records to keep, how to count them, and what was refused.

    `ids` are those that the records brought along: they are remembered. `claim` is the room that is held for them until
    it is kept or released. Nothing is counted before `observe` is called. `failed` holds the places of records that
    are errors. `repeated_id` is the last id that was seen before, if any was.
    """

    records: Sequence[R]
    ids: Sequence[str]
    claim: Claim
    observe: Callable[[], list[Observations]]
    failed: Sequence[int]
    duplicates: int
    repeated_id: str
    errors: list[ItemError]


class Kind(Protocol[R]):
    """What is special to one kind of record."""

    @property
    def refusal(self) -> Callable[[R], Refused | None] | None:
        """Why an item may not be recorded, by its content alone; None where any readable item may be."""

    def groups(self, now: float, *, is_timed: bool) -> Groups[R]:
        """Empty groups for the items of a batch that came in at `now`; `is_timed` where some have their own time."""

    def detached(self, item: R) -> R:
        """The same item without references into the body of its request."""


class Intake(Generic[R]):
    """Checks batches of one kind against the state."""

    def __init__(self, kind: Kind[R], state: State, ids: SeenIds) -> None:
        self._kind: Kind[R] = kind
        self._state, self.ids = state, ids

    def check(self, batch: Decoded[R], now: float, *, again: bool = False) -> Checked[R]:
        """Check `batch` at `now` (seconds since the epoch); `again` where it was recorded before: it has room and ids.

        The caller holds the state's lock. Ids are reserved and room is claimed.
        """
        sieve = _Sieve(batch)
        if self._kind.refusal is not None:
            sieve.refuse(self._kind.refusal)
        is_timed = any([item.timestamp is not None for item in sieve.items])  # noqa: C419  # quicker than a generator
        if is_timed:
            sieve.refuse(partial(_time_refusal, now=now, oldest=self._state.oldest))
        groups = self._kind.groups(now, is_timed=is_timed)
        group_of = groups.of(sieve.items)
        has_room = groups.claim(self._state.limits) and not self._state.services.without_room(groups.services())
        if not has_room and not again:
            groups.release(self._state.limits)
            sieve.take_out(self._find_room(sieve.items, group_of, now))
            group_of = groups.narrow(sieve.items)
        items, ids, repeated = self._without_duplicates(sieve.items, group_of, now, again=again)
        if 2 * len(items) < len(batch.items):  # few are left: do not hold the body of all
            items = [self._kind.detached(item) for item in items]
        groups.fill(group_of, items)
        groups.release_empty(self._state.limits)
        claim = Claim(self._state.services.claim(groups.services()), groups.claimed())
        observe = partial(groups.count, self._state)
        failed = _places_of(groups.failed(), items)
        return Checked(
            items, ids, claim, observe, failed, len(repeated), repeated[-1] if repeated else "", sieve.errors
        )

    def _without_duplicates(
        self, items: list[R], group_of: list[Group[R]], now: float, *, again: bool
    ) -> tuple[list[R], list[str], list[str]]:
        """Items whose ids are new, their ids, and the ids of the others; `group_of` loses the others' groups."""
        given = [(index, item.id) for index, item in enumerate(items) if item.id is not None]
        if again:
            for _, id_ in given:
                self.ids.take(id_, now)
            return items, [id_ for _, id_ in given], []
        repeated = [(index, id_) for index, id_ in given if not self.ids.reserve(id_, now)]
        if not repeated:
            return items, [id_ for _, id_ in given], []
        for index, _ in reversed(repeated):
            del items[index], group_of[index]
        return items, [item.id for item in items if item.id is not None], [id_ for _, id_ in repeated]

    def _find_room(self, items: Sequence[R], group_of: Sequence[Group[R]], now: float) -> list[Refused | None]:
        """Claim room for one item after the other; returns the refusals of those that find none.

        A duplicate needs no room, and what a refused item would have needed is left for the next one.
        """
        services = self._state.services
        room, newcomers, ids = services.room, set[str](), set[str]()
        claimed: dict[Group[R], Refused | None] = {}
        refusals: list[Refused | None] = []
        for item, group in zip(items, group_of, strict=True):
            refused = None
            if item.id is None or (item.id not in ids and not self.ids.knows(item.id, now)):
                is_new = group.service not in newcomers and not services.has(group.service)
                if is_new and len(newcomers) >= room:
                    refused = refusal.too_many_services(group.service)
                else:
                    if group not in claimed:
                        claimed[group] = group.claim(self._state.limits)
                    refused = claimed[group]
                if refused is None:
                    if is_new:
                        newcomers.add(group.service)
                    if item.id is not None:
                        ids.add(item.id)
            refusals.append(refused)
        return refusals


class _Sieve(Generic[R]):
    """The items that no stage has refused so far, with their places, and the errors of the others."""

    def __init__(self, batch: Decoded[R]) -> None:
        self.items: list[R] = list(batch.items)
        self.errors = list(batch.errors)
        self._places: Sequence[int] = batch.places

    def refuse(self, refusal_of: Callable[[R], Refused | None]) -> None:
        """Take out the items for which there is a refusal."""
        refusals = [refusal_of(item) for item in self.items]
        if any(refusals):
            self.take_out(refusals)

    def take_out(self, refusals: Sequence[Refused | None]) -> None:
        """Take out the items that have a refusal: there is one, or None, for each."""
        for place, refused in zip(self._places, refusals, strict=True):
            if refused is not None:
                self.errors.append(ItemError(place, refused.code, refused.message, refused.field))
        kept = [index for index, refused in enumerate(refusals) if refused is None]
        self.items = [self.items[index] for index in kept]
        self._places = [self._places[index] for index in kept]


def _time_refusal(item: R, now: float, oldest: float) -> Refused | None:
    return None if item.timestamp is None else time_refusal(item.timestamp, now, oldest)


def time_refusal(when: datetime, now: float, oldest: float) -> Refused | None:
    """Why a record of that time may not be recorded: too far ahead, or before what is kept (in epoch seconds)."""
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
