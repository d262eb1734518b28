"""Events in the intake: grouped by type, service and second."""

from collections.abc import Callable, Hashable, Sequence
from functools import partial

from analytics.log.groups import Group, Groups
from analytics.log.intake import Checked, new_service
from analytics.records import Kept, NewEvent, detached
from analytics.state.observations import Observations
from analytics.state.state import State


class EventGroup(Group[NewEvent]):
    """Events of one type, service and second."""

    __slots__ = ("_failed", "type")

    def __init__(self, event_type: str, seen: Observations) -> None:
        super().__init__(seen)
        self.type = event_type
        self._failed: Sequence[NewEvent] = ()

    def observe(self) -> None:
        """Observe the users, requests and errors of the items."""
        items, seen, event_type = self.items, self.seen, self.type
        seen.users.update([item.user_id for item in items if item.user_id])
        if event_type == "request":
            self._failed = [items[index] for index in seen.add_request_events([item.data for item in items])]
        elif event_type == "error":
            seen.add_error_events([item.data for item in items])
            self._failed = items

    def failed(self) -> Sequence[NewEvent]:
        """The `error` events and the failed requests."""
        return self._failed

    def count(self, state: State) -> None:
        """Count the events by type; those of types beyond the limit count as `other`."""
        count, types = len(self.items), self.seen.event_types
        counted_as = state.limits.admit_event_type(self.service, self.type)
        if counted_as != self.type:
            state.counters.dropped("event_type_folded", count)
        types[counted_as] = types.get(counted_as, 0) + count


class EventGroups(Groups[NewEvent]):
    """The groups of a batch of events."""

    def __init__(self, now: float, *, is_timed: bool) -> None:
        super().__init__(now, is_timed=is_timed)
        self._by_second: dict[int, _Types] = {}

    def of(self, items: Sequence[NewEvent]) -> list[Group[NewEvent]]:
        """The group of each item. Two dict look-ups by text are faster than one by a tuple."""
        if not self.is_timed:
            types = self._types(int(self.now))
            return [types[item.type][item.service] for item in items]
        return [self._types(self.second(item))[item.type][item.service] for item in items]

    def fill(self, group_of: Sequence[Group[NewEvent]], items: Sequence[NewEvent]) -> None:
        """Put each item into its group and drop empty groups. Afterwards no group can be added."""
        for group, item in zip(group_of, items, strict=True):
            group.add(item)
            item.type, item.service = group.type, group.service  # type: ignore[attr-defined]  # share equal strings
        self.observe()
        self._by_second.clear()  # the tables refer to the groups: break the reference cycle

    def _types(self, second: int) -> "_Types":
        types = self._by_second.get(second)
        if types is None:
            types = self._by_second[second] = _Types(partial(self._make, second))
        return types

    def _make(self, second: int, event_type: str, service: str) -> EventGroup:
        group = EventGroup(event_type, self.seen(service, second))
        self.all.append(group)
        return group


class _Services(dict[str, EventGroup]):
    """The groups of one type and second by service, each created at its first look-up."""

    def __init__(self, make: Callable[[str], EventGroup]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, service: str) -> EventGroup:
        made = self[service] = self._make(service)
        return made


class _Types(dict[str, _Services]):
    """The groups of one second by type and service, created at the first look-up."""

    def __init__(self, make: Callable[[str, str], EventGroup]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, event_type: str) -> _Services:
        made = self[event_type] = _Services(partial(self._make, event_type))
        return made


class Events:
    """The intake's rules for events."""

    refusal = None

    def groups(self, now: float, *, is_timed: bool) -> EventGroups:
        return EventGroups(now, is_timed=is_timed)

    def detached(self, item: NewEvent) -> NewEvent:
        """A copy of the event that does not keep the body of its request in memory."""
        return detached(item)

    def new_names(self, state: State, record: NewEvent) -> frozenset[Hashable]:
        types = () if state.limits.has_type(record.type) else (("type", record.type),)
        return new_service(state, record.service).union(types)

    def record(self, state: State, kept: Kept[NewEvent], checked: Checked[NewEvent]) -> int:
        """Count events, and keep them in the ring of recent events."""
        state.apply(checked.observe(), kept.received, events=kept, failed=checked.failed)
        return state.events.last_sequence
