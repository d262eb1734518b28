"""Takes batches of events apart: time, bounds, duplicates, one encoding each, and the groups to count."""

from itertools import count

from analytics.clock import rfc3339
from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.encode import HARMLESS, EventJson, check_data, to_json
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
    """Turns new events into events to keep and observations to count; those without an id get one."""

    def __init__(self, state: State, ids: SeenIds, id_prefix: str, numbers: "count[int]") -> None:
        self._state, self._ids, self._id_prefix, self._numbers = state, ids, id_prefix, numbers

    def take(self, batch: Decoded[NewEvent], now: float) -> Intake[Event]:
        """Everything of `batch` that may be recorded at `now`."""
        errors = list(batch.errors)
        events: list[Event] = []
        reserved: list[str] = []
        lanes: dict[int, dict[str, dict[str, _Lane]]] = {}
        seconds: dict[tuple[str, int], Observations] = {}
        duplicates, id_, time = 0, "", ""
        this_second, time_now, oldest = int(now), rfc3339(now), self._state.oldest
        prefix, numbers = self._id_prefix, self._numbers
        for place, item in zip(batch.places, batch.items, strict=True):
            when, given_id, data = item.timestamp, item.id, item.data
            try:
                if when is None:
                    at, time, second, received = now, time_now, this_second, None
                else:
                    at = checked_time(when, now, oldest)
                    time, second, received = shown(when), int(at), time_now
                id_ = given_id or f"{prefix}{next(numbers)}"
                json = to_json(EventJson(item.type, item.service, item.user_id, time, data or {}, id_, received))
                if len(json) > HARMLESS:
                    check_data(json, data)
                try:
                    lane = lanes[second][item.type][item.service]
                except KeyError:
                    lane = self._lane(item, at, second, now, seconds)
                    lanes.setdefault(second, {}).setdefault(lane.type, {})[lane.service] = lane
            except Refused as refused:
                errors.append(ItemError(place, refused.code, refused.message, refused.field))
                continue
            if given_id is not None:
                if not self._ids.reserve(given_id, now):
                    duplicates += 1
                    continue
                reserved.append(given_id)
            lane.count += 1
            user = item.user_id
            if user:
                lane.users.add(user)
            event_type = lane.type
            if event_type == "request":
                lane.seen.request_data.append(data or {})
            elif event_type == "error":
                lane.seen.error(data or {})
            events.append(Event(event_type, lane.service, user, at, json))
        for lane in (lane for types in lanes.values() for services in types.values() for lane in services.values()):
            if lane.count:
                types_ = lane.seen.event_types
                types_[lane.counted_as] = types_.get(lane.counted_as, 0) + lane.count
                if lane.counted_as != lane.type:
                    self._state.counters.dropped("event_type_folded", lane.count)
        counted = [seen for seen in seconds.values() if seen.event_types]
        for seen in counted:
            seen.count_requests()
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
