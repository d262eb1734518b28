"""Takes batches of events apart, stage by stage: times, lanes, room, duplicates; then the groups to count.

Each stage runs over the whole batch at once; what a stage turns away is gone before the next one.
"""

from collections.abc import Callable, Sequence
from functools import partial

from analytics.ingest import refusal
from analytics.ingest.dedupe import SeenIds
from analytics.ingest.intake import Checked, Decoded, time_refusal
from analytics.ingest.refusal import Refused
from analytics.records import ItemError, NewEvent, detached
from analytics.state.observations import Observations
from analytics.state.state import State


class _Lane:
    """Where events of one type, service and second are counted."""

    __slots__ = ("add", "items", "seen", "service", "type")

    def __init__(self, event_type: str, seen: Observations) -> None:
        self.type, self.service, self.seen = event_type, seen.service, seen
        self.items: list[NewEvent] = []
        self.add = self.items.append

    def look(self) -> None:
        """See what the items that were added say, while they are at hand."""
        items, seen = self.items, self.seen
        seen.users.update([item.user_id for item in items if item.user_id])
        if self.type == "request":
            seen.requests_made([item.data for item in items])
        elif self.type == "error":
            seen.errors_occurred([item.data for item in items])

    def close(self, state: State) -> None:
        """Count the items under their type, or with others beyond the limits."""
        count, seen = len(self.items), self.seen
        counted_as = state.limits.admit_event_type(self.service, self.type)
        if counted_as != self.type:
            state.counters.dropped("event_type_folded", count)
        seen.event_types[counted_as] = seen.event_types.get(counted_as, 0) + count


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
    """All lanes of a batch; making them changes nothing yet."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._rows: dict[int, _Rows] = {}
        self._seconds: dict[tuple[str, int], Observations] = {}
        self._all: list[_Lane] = []

    def of(self, items: Sequence[NewEvent], *, timed: bool) -> list[_Lane]:
        """The lane of each item; two look-ups by text are quicker than one by a pair."""
        if not timed:
            rows = self._at(int(self._now))
            return [rows[item.type][item.service] for item in items]
        return [self._at(int(_at(item, self._now)))[item.type][item.service] for item in items]

    def services(self) -> list[str]:
        """The services that have lanes, in the order of their first items."""
        return [lane.service for lane in self._all]

    def fill(self, lanes: Sequence[_Lane], items: Sequence[NewEvent]) -> list[str]:
        """Put each item on its lane, and make no more of them; returns the services that have items."""
        for lane, item in zip(lanes, items, strict=True):
            lane.add(item)
            item.type, item.service = lane.type, lane.service  # equal texts: keep one of each
        self._rows.clear()  # they know how to make lanes, so they know us: leave no cycle to the garbage collector
        self._all = [lane for lane in self._all if lane.items]
        for lane in self._all:
            lane.look()
        return [lane.service for lane in self._all]

    def count(self, state: State) -> list[Observations]:
        """What the lanes have seen, where it is anything; the last thing to ask."""
        for lane in self._all:
            lane.close(state)
        return [seen for seen in self._seconds.values() if seen.event_types]

    def _at(self, second: int) -> _Rows:
        rows = self._rows.get(second)
        if rows is None:
            rows = self._rows[second] = _Rows(partial(self._make, second))
        return rows

    def _make(self, second: int, event_type: str, name: str) -> _Lane:
        seen = self._seconds.get((name, second))
        if seen is None:
            at = self._now if second == int(self._now) else second
            seen = self._seconds[name, second] = Observations(name, at)
        lane = _Lane(event_type, seen)
        self._all.append(lane)
        return lane


class EventIntake:
    """Tells which new events may be recorded, and what to count of them."""

    def __init__(self, state: State, ids: SeenIds) -> None:
        self._state, self._ids = state, ids

    def check(self, batch: Decoded[NewEvent], now: float, *, again: bool = False) -> Checked[NewEvent]:
        """Everything of `batch` that may be recorded at `now`; `again` where it was so before: it has room, and ids."""
        errors = list(batch.errors)
        places, items = batch.places, list(batch.items)
        timed = any([item.timestamp is not None for item in items])  # noqa: C419  # quicker than a generator
        if timed:
            places, items = _sift(places, items, errors, self._time_check(now))
        lanes = _Lanes(now)
        lane_of = lanes.of(items, timed=timed)
        if not again and self._state.services.without_room(lanes.services()):  # look closer: a duplicate needs none
            wanting = [item.service for item in items if item.id is None or not self._ids.knows(item.id, now)]
            crowded_out = self._state.services.without_room(wanting)
            places, items = _sift(places, items, errors, partial(_room_refusal, crowded_out))
            lane_of = lanes.of(items, timed=timed)
        given = [(index, item.id) for index, item in enumerate(items) if item.id is not None]
        repeated: list[tuple[int, str]] = []
        if again:
            for _, id_ in given:
                self._ids.take(id_, now)
        else:
            repeated = [(index, id_) for index, id_ in given if not self._ids.reserve(id_, now)]
        for index, _ in reversed(repeated):
            del items[index], lane_of[index]
        self._state.services.promise(lanes.fill(lane_of, items))
        if 2 * len(items) < len(batch.items):
            items = [detached(item) for item in items]  # few are left: let go of the body that held all
        repeated_id = repeated[-1][1] if repeated else ""
        ids = [id_ for _, id_ in given]
        if repeated:
            ids = [item.id for item in items if item.id is not None]
        return Checked(items, ids, partial(lanes.count, self._state), len(repeated), repeated_id, errors)

    def _time_check(self, now: float) -> Callable[[NewEvent], Refused | None]:
        oldest = self._state.oldest
        return lambda item: None if item.timestamp is None else time_refusal(item.timestamp, now, oldest)


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
