"""The intake of log lines and spans: which of an entry are kept, and the series that count them."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from analytics.clock import rfc3339, rfc3339_second
from analytics.kinds import Kind
from analytics.log import refusal
from analytics.log.admission import admitted, make_room
from analytics.log.intake import AHEAD, new_service
from analytics.log.outcome import Outcome
from analytics.log.own_ids import OwnIds
from analytics.log.refusal import Refused
from analytics.log.seen_ids import SeenIds
from analytics.log_lines import NewLogLine
from analytics.points import Labels
from analytics.records import ItemError, Kept
from analytics.spans import NewSpan
from analytics.state.state import State

NANOSECONDS = 1_000_000_000
L = TypeVar("L", NewLogLine, NewSpan)


class RecordIntake(Generic[L]):
    """Checks the lines or spans of entries; its decisions depend on them, their time and the state alone.

    Args:
        keys: the keys by which the ids of records are remembered, as `key_of` makes them.
    """

    def __init__(
        self, kind: Kind[L], state: State, ids: SeenIds, own_ids: OwnIds, keys: Callable[[Sequence[L]], list[str]]
    ) -> None:
        self._kind: Kind[L] = kind
        self._keys: Callable[[Sequence[L]], list[str]] = keys
        self._state, self._ids, self._own_ids = state, ids, own_ids

    def keep(self, records: Sequence[L], times: Sequence[int | None], received: float, id_prefix: str) -> Outcome[L]:
        """The outcome of the records of an entry, the kept ones of which count as accepted, and are in a ring if any.

        Args:
            times: of each record, in nanoseconds since the epoch; None for when it is received.
        """
        state, name = self._state, self._kind.name
        errors: list[ItemError] = []
        dropped: list[int] = []
        repeated = ""
        check = _Check(state, self._ids, received)
        is_usual = check.refuses_none(records, times) and self._ids.add_all(self._keys(records), received)
        kept = list(records) if is_usual else []
        for place, (record, time) in enumerate(() if is_usual else zip(records, times, strict=True)):
            found = check.refusal(record.service, time)
            if found is None and check.is_new(record):
                kept.append(record)
                continue
            dropped.append(place)
            if found is None:
                repeated = record.id or ""
            else:
                errors.append(ItemError(place, found.code, found.message, found.field))
        for service in check.services:
            known = state.services.admit(service, received)
            known.last_seen = max(known.last_seen, received)
        batch = Kept(kept, received, rfc3339(received), id_prefix)
        ring = state.rings.get(name)
        if kept:
            if ring is not None:
                ring.add(batch)
                self._own_ids.give(id_prefix)
            state.version += 1
        if errors:
            state.counters.rejected(name, Counter(error.code for error in errors))
        duplicates = len(dropped) - len(errors)
        state.counters.taken(name, len(kept), duplicates)
        last = ring.last_sequence if kept and ring is not None else 0
        return Outcome(batch, last, duplicates, repeated, errors, dropped)

    def new_names(self, record: L) -> frozenset[Hashable]:
        """The service, if it is not known yet."""
        return new_service(self._state, record.service)


class _Check:
    """What may be kept of one entry."""

    def __init__(self, state: State, ids: SeenIds, received: float) -> None:
        self._state, self._ids, self._received = state, ids, received
        self._oldest = int(state.oldest) * NANOSECONDS
        self._newest = int((received + AHEAD) * NANOSECONDS)
        self._are_unique = state.quotas is not None
        self.services: dict[str, None] = {}
        """Those of kept records, in the order in which they came."""

    def refuses_none(self, records: Sequence[NewLogLine | NewSpan], times: Sequence[int | None]) -> bool:
        """Whether `refusal` is None for all records and admits no new service: most often it is, and found quickly."""
        services, given = dict.fromkeys([record.service for record in records]), [at for at in times if at is not None]
        if given and not self._oldest <= min(given) <= max(given) <= self._newest:
            return False
        if not all(map(self._state.services.has, services)):
            return False
        self.services = services
        return True

    def refusal(self, service: str, time: int | None) -> Refused | None:
        """Why a record is not kept; None if it is."""
        if time is not None and not self._oldest <= time <= self._newest:
            at = rfc3339(min(max(time, 0), 2**62) / NANOSECONDS)
            if time > self._newest:
                return refusal.in_future(at, AHEAD)
            return refusal.too_old(at, rfc3339_second(self._state.oldest))
        if service not in self.services:
            services = self._state.services
            if not services.has(service):
                if not services.room:
                    return refusal.too_many_services(service)
                services.admit(service, self._received)
            self.services[service] = None
        return None

    def is_new(self, record: NewLogLine | NewSpan) -> bool:
        """Whether it was not recorded before."""
        id_ = record.id
        return id_ is None or self._ids.add(id_, self._received, record.sender) or not self._are_unique


class RecordSeries:
    """Finds the series that count log lines or spans, each of which is admitted once."""

    def __init__(self, state: State, kind: str) -> None:
        self._state, self._kind = state, kind
        self._numbers: dict[Hashable, int | None] = {}
        self.folded: set[int] = set()
        """Those that stand for the series of several keys, since these have no room of their own."""
        self._retired = state.series_store.retired

    def begin(self) -> None:
        """Forget what was found if series were removed since."""
        if self._retired != self._state.series_store.retired or len(self._numbers) > MAX_FOUND:
            self._numbers.clear()
            self.folded.clear()
            self._retired = self._state.series_store.retired

    def get(self, key: Any) -> int | None:
        """The id of a series by the key with which it was found; None for one that was not found yet."""
        return self._numbers.get(key)

    def find(self, key: Hashable, labels: Labels, received: float) -> int | None:
        """The id of the series with these labels; None if there is no room for it."""
        if self._state.series_store.ids.get(labels) is None:
            make_room(self._state, [labels], received)
        found = admitted(self._state, labels, self._kind, received)
        if isinstance(found, Refused):
            self._state.counters.dropped(found.code)
            return None
        self._numbers[key] = found
        return found


MAX_FOUND = 20_000
"""How many series are remembered by their keys."""
