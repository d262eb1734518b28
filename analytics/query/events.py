"""The newest events, filtered."""

from typing import Any, NamedTuple

import msgspec

from analytics.records import Kept, NewEvent, event_json
from analytics.state.state import State


class EventFilter(NamedTuple):
    """Which events are wanted; what is None does not matter. Times are in seconds since the epoch."""

    type: str | None = None
    service: str | None = None
    user_id: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None

    def matches(self, kept: Kept[NewEvent], place: int) -> bool:
        """Whether the event at `place` passes; `text` (lower case) may stand anywhere in its JSON."""
        event = kept.records[place]
        return (
            (self.type is None or event.type == self.type)
            and (self.service is None or event.service == self.service)
            and (self.user_id is None or event.user_id == self.user_id)
            and (self.since is None or kept.at(place) >= self.since)
            and (self.until is None or kept.at(place) < self.until)
            and (self.text is None or self.text in event_json(kept, place).decode().lower())
        )


def events(state: State, now: float, wanted: EventFilter, limit: int, before: int | None = None) -> dict[str, Any]:
    """The newest `limit` events that are `wanted`, newest first by arrival, as raw JSON.

    `before` is the cursor of an earlier answer.
    """
    found, cursor = state.events.page(wanted.matches, limit, before)
    return {
        "events": [msgspec.Raw(event_json(event.kept, event.place)) for event in found],
        "count": len(found),
        "limit": limit,
        "next_cursor": None if cursor is None else str(cursor),
    }
