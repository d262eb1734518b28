"""Takes batches of events apart: time, bounds, duplicates, one encoding each, and the groups to count."""

from collections.abc import Callable

from analytics.clock import rfc3339
from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.encode import EventJson, encode
from analytics.ingest.intake import Decoded, Intake, checked_time, shown
from analytics.ingest.refusal import Refused
from analytics.records import Event, ItemError, NewEvent
from analytics.state.observations import OTHER, Observations
from analytics.state.state import State


class _Lane:
    """Events of one type, service and second."""

    __slots__ = ("count", "counted_as", "seen", "service", "type", "users")

    def __init__(self, event_type: str, counted_as: str, seen: Observations) -> None:
        self.type, self.counted_as, self.seen = event_type, counted_as, seen
        self.service, self.users = seen.service, seen.users
        self.count = 0


class EventIntake:
    """Turns new events into events to keep and observations to count; `new_id` names those without an id."""

    def __init__(self, state: State, ids: SeenIds, new_id: Callable[[], str]) -> None:
        self._state, self._ids, self._new_id = state, ids, new_id

    def take(self, batch: Decoded[NewEvent], now: float) -> Intake[Event]:
        """Everything of `batch` that may be recorded at `now`."""
        errors = list(batch.errors)
        events: list[Event] = []
        reserved: list[str] = []
        lanes: dict[tuple[str, str, int], _Lane] = {}
        seconds: dict[tuple[str, int], Observations] = {}
        duplicates, id_, time = 0, "", ""
        this_second, time_now, oldest = int(now), rfc3339(now), self._state.oldest
        for place, item in zip(batch.places, batch.items, strict=True):
            try:
                at, time, second, received = now, time_now, this_second, None
                if item.timestamp is not None:
                    at = checked_time(item.timestamp, now, oldest)
                    time, second, received = shown(item.timestamp), int(at), time_now
                data = item.data or {}
                id_ = item.id or self._new_id()
                json = encode(EventJson(item.type, item.service, item.user_id, time, data, id_, received))
                lane = lanes.get((item.type, item.service, second))
                if lane is None:
                    lane = self._lane(item, at, second, now, seconds)
                    lanes[lane.type, lane.service, second] = lane
            except Refused as refused:
                errors.append(ItemError(place, refused.code, refused.message, refused.field))
                continue
            if item.id is not None:
                if not self._ids.reserve(id_, now):
                    duplicates += 1
                    continue
                reserved.append(id_)
            lane.count += 1
            if item.user_id:
                lane.users.add(item.user_id)
            if lane.type == "request":
                lane.seen.request(data)
            elif lane.type == "error":
                lane.seen.error(data)
            events.append(Event(lane.type, lane.service, item.user_id, at, json))
        for lane in lanes.values():
            if lane.count:
                types = lane.seen.event_types
                types[lane.counted_as] = types.get(lane.counted_as, 0) + lane.count
                if lane.counted_as != lane.type:
                    self._state.counters.dropped("event_type_folded", lane.count)
        counted = [seen for seen in seconds.values() if seen.event_types]
        return Intake(events, counted, reserved, duplicates, errors, (id_, time))

    def _lane(
        self, item: NewEvent, at: float, second: int, now: float, seconds: dict[tuple[str, int], Observations]
    ) -> _Lane:
        seen = seconds.get((item.service, second))
        if seen is None:
            service = self._state.services.admit(item.service, now)
            if service is None:
                raise refusal.too_many_services(item.service)
            seen = seconds[item.service, second] = Observations(service.name, at)
        counted_as = self._state.admit_event_type(seen.service, item.type)
        return _Lane(item.type if counted_as == OTHER else counted_as, counted_as, seen)
