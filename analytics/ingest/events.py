"""Takes batches of events apart, stage by stage: times, lanes, duplicates, one encoding each, the groups to count.

Each stage runs over the whole batch at once; what a stage turns away is gone before the next one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter

from msgspec import Raw

from analytics.clock import rfc3339
from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.encode import EventJson, to_json
from analytics.ingest.ids import NewIds
from analytics.ingest.intake import Decoded, Intake, checked_time, shown
from analytics.ingest.refusal import Refused
from analytics.records import Event, ItemError, NewEvent
from analytics.state.observations import OTHER, Observations
from analytics.state.state import State

LaneKey = tuple[str, str, int]
"""Event type, service and second."""


class _Lane:
    """Where events of one type, service and second are counted, or why they may not be."""

    __slots__ = ("add_user", "counted_as", "details", "refusal", "seen", "service", "type")

    def __init__(self, event_type: str, counted_as: str, seen: Observations, refusal: Refused | None = None) -> None:
        self.type, self.counted_as, self.seen, self.refusal = event_type, counted_as, seen, refusal
        self.service, self.add_user = seen.service, seen.users.add
        self.details: list[Raw] | None = [] if event_type in ("request", "error") else None

    def close(self, events: int) -> None:
        """Count its `events`, and what their data says."""
        types = self.seen.event_types
        types[self.counted_as] = types.get(self.counted_as, 0) + events
        if self.type == "request":
            self.seen.requests_made(self.details or ())
        elif self.type == "error":
            self.seen.errors_occurred(self.details or ())


class _Lanes(dict[LaneKey, _Lane]):
    """Lanes by type, service and second, each made when it is first asked for."""

    def __init__(self, state: State, now: float) -> None:
        super().__init__()
        self._state, self._now = state, now
        self._seconds: dict[tuple[str, int], Observations] = {}
        self.has_refused = False

    def __missing__(self, key: LaneKey) -> _Lane:
        made = self[key] = self._make(*key)
        return made

    def _make(self, event_type: str, name: str, second: int) -> _Lane:
        seen = self._seconds.get((name, second))
        if seen is None:
            service = self._state.services.admit(name, self._now)
            at = self._now if second == int(self._now) else second
            if service is None:
                self.has_refused = True
                return _Lane(event_type, event_type, Observations(name, at), refusal.too_many_services(name))
            seen = self._seconds[name, second] = Observations(service.name, at)
        counted_as = self._state.admit_event_type(seen.service, event_type)
        return _Lane(event_type if counted_as == OTHER else counted_as, counted_as, seen)

    def observations(self) -> list[Observations]:
        """What the lanes have seen, where it is anything."""
        return [seen for seen in self._seconds.values() if seen.event_types]


class EventIntake:
    """Turns new events into events to keep and observations to count; those without an id get one."""

    def __init__(self, state: State, ids: SeenIds, new_ids: NewIds) -> None:
        self._state, self._ids, self._new_ids = state, ids, new_ids

    def take(self, batch: Decoded[NewEvent], now: float) -> Intake[Event]:
        """Everything of `batch` that may be recorded at `now`."""
        errors = list(batch.errors)
        places, items = batch.places, batch.items
        timed = any(map(_timestamp, items))
        if timed:
            places, items = _sift(places, items, errors, self._time_check(now))
        lanes = _Lanes(self._state, now)
        lane_of = list(map(lanes.__getitem__, _keys(items, now, timed=timed)))
        if lanes.has_refused:
            places, items = _sift(places, items, errors, _lane_check(lanes, now))
        fresh, reserved, repeated_id = self._reserve(items, now)
        duplicates = len(items) - len(fresh)
        if duplicates or lanes.has_refused:
            items = fresh
            lane_of = list(map(lanes.__getitem__, _keys(items, now, timed=timed)))

        time_now = rfc3339(now)
        if timed:
            ats = [now if item.timestamp is None else item.timestamp.timestamp() for item in items]
            texts = [time_now if item.timestamp is None else shown(item.timestamp) for item in items]
            received = [None if item.timestamp is None else time_now for item in items]
        else:
            ats, texts, received = [now] * len(items), [time_now] * len(items), [None] * len(items)
        ids = self._new_ids(len(items))
        if reserved:
            ids = [item.id or new for item, new in zip(items, ids, strict=True)]
        users, data = [item.user_id for item in items], [item.data for item in items]
        types, services = [lane.type for lane in lane_of], [lane.service for lane in lane_of]
        json = map(to_json, map(EventJson, types, services, users, texts, data, ids, received))
        events = list(map(Event, types, services, users, ats, json))
        self._group(lane_of, users, data)
        last = (ids[-1], texts[-1]) if items else (repeated_id, time_now)
        return Intake(events, lanes.observations(), reserved, duplicates, errors, last)

    def _time_check(self, now: float) -> Callable[[NewEvent], None]:
        oldest = self._state.oldest

        def check(item: NewEvent) -> None:
            if item.timestamp is not None:
                checked_time(item.timestamp, now, oldest)

        return check

    def _reserve(self, items: Sequence[NewEvent], now: float) -> tuple[Sequence[NewEvent], list[str], str]:
        """The items whose ids are new, those ids, and the last id that was not."""
        given = [item.id for item in items if item.id is not None]
        reserved = [id_ for id_ in given if self._ids.reserve(id_, now)]
        if len(reserved) == len(given):
            return items, reserved, ""
        fresh, kept = set(reserved), []
        for item in items:
            if item.id is None:
                kept.append(item)
            elif item.id in fresh:
                kept.append(item)
                fresh.remove(item.id)  # its second appearance in this batch is a duplicate
        return kept, reserved, given[-1]

    def _group(self, lane_of: list[_Lane], users: list[str | None], data: list[Raw]) -> None:
        for lane, user in zip(lane_of, users, strict=True):
            if user:
                lane.add_user(user)
        for lane, details in zip(lane_of, data, strict=True):
            if lane.details is not None:
                lane.details.append(details)
        for lane, events in Counter(lane_of).items():
            lane.close(events)
            if lane.counted_as != lane.type:
                self._state.counters.dropped("event_type_folded", events)


_timestamp = attrgetter("timestamp")


def _keys(items: Sequence[NewEvent], now: float, *, timed: bool) -> list[LaneKey]:
    second = int(now)
    if not timed:
        return [(item.type, item.service, second) for item in items]
    return [
        (item.type, item.service, second if item.timestamp is None else int(item.timestamp.timestamp()))
        for item in items
    ]


def _lane_check(lanes: _Lanes, now: float) -> Callable[[NewEvent], None]:
    def check(item: NewEvent) -> None:
        (key,) = _keys([item], now, timed=True)
        refused = lanes[key].refusal
        if refused is not None:
            raise refused

    return check


def _sift(
    places: Sequence[int], items: Sequence[NewEvent], errors: list[ItemError], check: Callable[[NewEvent], None]
) -> tuple[list[int], list[NewEvent]]:
    """The items that pass `check`, with their places; the others' errors are added to `errors`."""
    kept_places, kept = [], []
    for place, item in zip(places, items, strict=True):
        try:
            check(item)
        except Refused as refused:
            errors.append(ItemError(place, refused.code, refused.message, refused.field))
        else:
            kept_places.append(place)
            kept.append(item)
    return kept_places, kept
