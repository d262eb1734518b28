"""The newest events, filtered."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from analytics.records import Kept, NewEvent, event_json
from analytics.state.state import State


class EventFilter(NamedTuple):
    """Which events are wanted; what is None does not matter. Times are in seconds since the epoch.

    `text`, in lower case, is looked for in type, service, user, id, and the data as it was sent.
    """

    type: str | None = None
    service: str | None = None
    user_id: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None

    def places_in(self, kept: Kept[NewEvent]) -> Sequence[int]:
        """Where the wanted ones stand among the events of one request, ascending."""
        records = kept.records
        places: Sequence[int] = range(len(records))
        if self.type is not None:
            places = [place for place in places if records[place].type == self.type]
        if self.service is not None:
            places = [place for place in places if records[place].service == self.service]
        if self.user_id is not None:
            places = [place for place in places if records[place].user_id == self.user_id]
        if self.since is not None:
            places = [place for place in places if kept.at(place) >= self.since]
        if self.until is not None:
            places = [place for place in places if kept.at(place) < self.until]
        if self.text is not None:
            places = _with_text(kept, places, self.text) if places else []
        return places


def _with_text(kept: Kept[NewEvent], places: Sequence[int], text: str) -> list[int]:
    """Looks through all events of a request at once: joined, lowered, and parted again."""
    events = [kept.records[place] for place in places]
    data = b"\0".join([event.data for event in events])  # NUL stands in no JSON and in no name
    if b"\\" in data:
        data = b"\0".join([_plain(event.data) for event in events])
    lowered = data.lower() if text.isascii() else data.decode().lower().encode()
    data_text = text.encode()
    names = "\0".join([f"{event.type}\n{event.service}\n{event.user_id}\n{event.id}" for event in events]).lower()
    own_id = text.startswith(kept.id_prefix)  # an id that the service gave is looked for as a whole
    return [
        place
        for place, in_data, in_names in zip(places, lowered.split(b"\0"), names.split("\0"), strict=True)
        if data_text in in_data or text in in_names or (own_id and text == kept.id(place))
    ]


def _plain(data: msgspec.Raw) -> bytes:
    """JSON that may have been sent with more escapes than it needs, without those."""
    return msgspec.json.encode(msgspec.json.decode(data))


def events(state: State, now: float, wanted: EventFilter, limit: int, before: int | None = None) -> dict[str, Any]:
    """The newest `limit` events that are `wanted`, newest first by arrival, as raw JSON.

    `before` is the cursor of an earlier answer.
    """
    found, cursor = state.events.page(wanted.places_in, limit, before)
    return {
        "events": [msgspec.Raw(event_json(event.kept, event.place)) for event in found],
        "count": len(found),
        "limit": limit,
        "next_cursor": None if cursor is None else str(cursor),
    }
