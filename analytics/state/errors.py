"""The newest errors among the events, kept apart so that other events do not push them out; groups of all errors."""

from collections.abc import Sequence

import msgspec

from analytics.records import Kept, NewEvent
from analytics.state.error_groups import ErrorGroups
from analytics.state.observations import Observations
from analytics.state.rings import Ring
from analytics.state.seen_errors import of_events

KEPT = 1_000


class Errors:
    """The newest `KEPT` `error` events and failed requests, with their ids and copies of their data.

    `groups` are those of all errors, also of spans and log lines.
    """

    def __init__(self) -> None:
        self.ring: Ring[NewEvent] = Ring(KEPT)
        self.groups = ErrorGroups()

    def add(self, events: Kept[NewEvent], places: Sequence[int]) -> None:
        """Keep the events at these ascending indexes of a request."""
        if not places:
            return
        self.groups.add(of_events(events, places))
        copies = []
        for place in places[-KEPT:]:
            event = events.records[place]
            data = msgspec.Raw(bytes(event.data))  # a copy, not a slice of the request body
            copies.append(NewEvent(event.type, event.service, event.user_id, event.timestamp, events.id(place), data))
        self.ring.add(Kept(copies, events.received, events.received_at, ""))

    def find_in(self, events: Ring[NewEvent]) -> None:
        """Add the errors among the events of a ring."""
        for _, kept, places in events.slices(0, len(events)):
            requests = [place for place in places if kept.records[place].type == "request"]
            failed = Observations("", 0.0).add_request_events([kept.records[place].data for place in requests])
            found = [requests[index] for index in failed]
            self.add(kept, sorted(found + [place for place in places if kept.records[place].type == "error"]))
