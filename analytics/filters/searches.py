"""Searches in the long-term store: the request and the answer, as they pass between the processes."""

from msgspec import Raw, Struct

from analytics.filters.event_filter import EventFilter
from analytics.records import EventJson


class EventKey(Struct, frozen=True, array_like=True, order=True):
    """Place of an event in an order: its time in microseconds where the order is by time, else 0, and its number."""

    at: int
    number: int


class StoreSearch(Struct, frozen=True):
    """A search in the long-term store.

    Attributes:
        wanted: which events match.
        below: the events come before this key in ascending order; None for the greatest.
        above: the events come after this key; None for the least.
        before: only events with lower numbers: those with higher ones are read elsewhere.
        limit: how many events at most.
        by_time: the order is by time, else by number, which is that of arrival.
        is_ascending: the oldest come first.
        seconds: after how long the search ends with what it has.
    """

    wanted: EventFilter
    below: EventKey | None = None
    above: EventKey | None = None
    before: int | None = None
    limit: int = 100
    by_time: bool = False
    is_ascending: bool = False
    seconds: float = 2.0


class StoredEvent(Struct, frozen=True, array_like=True, gc=False):
    """An event from the store: its key, and the fields of `EventJson`."""

    key: EventKey
    type: str
    service: str
    user_id: str | None
    timestamp: str
    data: Raw
    id: str
    received_at: str | None

    def served(self) -> EventJson:
        """The event as it is served."""
        return EventJson(self.type, self.service, self.user_id, self.timestamp, self.data, self.id, self.received_at)


class StoredEvents(Struct, frozen=True):
    """Events found, in the order that was asked for.

    `reached` is up to where everything was searched, if the search ended before it was done; it goes on from there.
    """

    events: list[StoredEvent]
    reached: EventKey | None = None
