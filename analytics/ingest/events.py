"""Takes batches of events apart, stage by stage: times, lanes, duplicates, the groups to count.

Each stage runs over the whole batch at once; what a stage turns away is gone before the next one.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter

from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.intake import Decoded, Intake, time_refusal
from analytics.ingest.refusal import Refused
from analytics.records import ItemError, NewEvent, detached
from analytics.state.observations import OTHER, Observations
from analytics.state.state import State


class _Lane:
    """Where events of one type, service and second are counted, or why they may not be."""

    __slots__ = ("add", "counted_as", "items", "refusal", "seen", "service", "type")

    def __init__(self, event_type: str, counted_as: str, seen: Observations, refusal: Refused | None = None) -> None:
        self.type, self.counted_as, self.seen, self.refusal = event_type, counted_as, seen, refusal
        self.service = seen.service
        self.items: list[NewEvent] = []
        self.add = self.items.append

    def close(self) -> None:
        """Count the items that were added."""
        items, seen = self.items, self.seen
        seen.event_types[self.counted_as] = seen.event_types.get(self.counted_as, 0) + len(items)
        seen.users.update(map(_user, items))
        if self.type == "request":
            seen.requests_made([item.data for item in items])
        elif self.type == "error":
            seen.errors_occurred([item.data for item in items])


class _Row(dict[str, _Lane]):
    """The lanes of one type and second by service, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], _Lane]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, service: str) -> _Lane:
        made = self[service] = self._make(service)
        return made


class _Rows(dict[str, _Row]):
    """The rows of one second by type."""

    def __init__(self, make: Callable[[str, str], _Lane]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, event_type: str) -> _Row:
        made = self[event_type] = _Row(partial(self._make, event_type))
        return made


class _Lanes:
    """All lanes of a batch."""

    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now
        self._rows: dict[int, _Rows] = {}
        self._seconds: dict[tuple[str, int], Observations] = {}
        self._all: list[_Lane] = []

    def of(self, items: Sequence[NewEvent], *, timed: bool) -> list[_Lane]:
        """The lane of each item; two look-ups by text are quicker than one by a pair."""
        if not timed:
            rows = self._at(int(self._now))
            return [rows[item.type][item.service] for item in items]
        return [self._at(int(_at(item, self._now)))[item.type][item.service] for item in items]

    def observations(self) -> list[Observations]:
        """What the lanes have seen, where it is anything; the last thing to ask."""
        self._rows.clear()  # they know how to make lanes, so they know us: leave no cycle to the garbage collector
        for lane in self._all:
            if lane.items:
                lane.close()
                if lane.counted_as != lane.type:
                    self._state.counters.dropped("event_type_folded", len(lane.items))
        for seen in self._seconds.values():
            seen.users -= NOBODY
        return [seen for seen in self._seconds.values() if seen.event_types]

    def _at(self, second: int) -> _Rows:
        rows = self._rows.get(second)
        if rows is None:
            rows = self._rows[second] = _Rows(partial(self._make, second))
        return rows

    def _make(self, second: int, event_type: str, name: str) -> _Lane:
        seen = self._seconds.get((name, second))
        if seen is None:
            self._state.services.admit(name, self._now)
            at = self._now if second == int(self._now) else second
            seen = self._seconds[name, second] = Observations(name, at)
        counted_as = self._state.admit_event_type(seen.service, event_type)
        lane = _Lane(event_type if counted_as == OTHER else counted_as, counted_as, seen)
        self._all.append(lane)
        return lane


class EventIntake:
    """Turns new events into events to keep and observations to count."""

    def __init__(self, state: State, ids: SeenIds) -> None:
        self._state, self._ids = state, ids

    def take(self, batch: Decoded[NewEvent], now: float) -> Intake[NewEvent]:
        """Everything of `batch` that may be recorded at `now`."""
        errors = list(batch.errors)
        places, items = batch.places, batch.items
        timed = any(map(_timestamp, items))
        if timed:
            places, items = _sift(places, items, errors, self._time_check(now))
        crowded_out = self._state.services.without_room([item.service for item in items])
        if crowded_out:  # then look closer: a duplicate needs no room
            wanting = [item.service for item in items if item.id is None or not self._ids.knows(item.id, now)]
            crowded_out = self._state.services.without_room(wanting)
            places, items = _sift(places, items, errors, partial(_room_refusal, crowded_out))
        sent = len(items)
        places, items, reserved, repeated_id = self._reserve(places, items, now)
        lanes = _Lanes(self._state, now)
        lane_of = lanes.of(items, timed=timed)
        for lane, item in zip(lane_of, items, strict=True):
            lane.add(item)
            item.type, item.service = lane.type, lane.service  # equal texts: keep one of each
        if 2 * len(items) < len(batch.items):
            items = [detached(item) for item in items]  # few are left: let go of the body that held all
        return Intake(items, lanes.observations(), reserved, sent - len(items), repeated_id, errors)

    def _time_check(self, now: float) -> Callable[[NewEvent], Refused | None]:
        oldest = self._state.oldest
        return lambda item: None if item.timestamp is None else time_refusal(item.timestamp, now, oldest)

    def _reserve(
        self, places: Sequence[int], items: Sequence[NewEvent], now: float
    ) -> tuple[Sequence[int], Sequence[NewEvent], list[str], str]:
        """The items whose ids are new, with their places, those ids, and the last id that was not."""
        given = [item.id for item in items if item.id is not None]
        reserved = [id_ for id_ in given if self._ids.reserve(id_, now)]
        if len(reserved) == len(given):
            return places, items, reserved, ""
        fresh = set(reserved)
        kept_places, kept = [], []
        for place, item in zip(places, items, strict=True):
            if item.id is None or item.id in fresh:
                fresh.discard(item.id or "")  # its second appearance in this batch is a duplicate
                kept_places.append(place)
                kept.append(item)
        return kept_places, kept, reserved, given[-1]


_timestamp, _user = attrgetter("timestamp"), attrgetter("user_id")
NOBODY: set[str | None] = {None, ""}


def _at(item: NewEvent, now: float) -> float:
    return now if item.timestamp is None else item.timestamp.timestamp()


def _room_refusal(crowded_out: set[str], item: NewEvent) -> Refused | None:
    return refusal.too_many_services(item.service) if item.service in crowded_out else None


def _sift(
    places: Sequence[int],
    items: Sequence[NewEvent],
    errors: list[ItemError],
    refusal_of: Callable[[NewEvent], Refused | None],
) -> tuple[list[int], list[NewEvent]]:
    """The items that are not refused, with their places; the others' errors are added to `errors`."""
    kept_places, kept = [], []
    for place, item in zip(places, items, strict=True):
        refused = refusal_of(item)
        if refused is None:
            kept_places.append(place)
            kept.append(item)
        else:
            errors.append(ItemError(place, refused.code, refused.message, refused.field))
    return kept_places, kept
