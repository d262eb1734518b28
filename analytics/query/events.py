"""The newest events, filtered."""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypedDict

import msgspec

from analytics.records import Kept, NewEvent, event_json
from analytics.state.rings import Found
from analytics.state.state import State

MOST_BYTES = 2 * 1024 * 1024
"""Length of the events in one answer; building a longer one would hold up others."""


class EventFilter(NamedTuple):
    """Conditions that combine; None matches everything. Times are in seconds since the epoch.

    `text`, in lower case, is searched in type, service, user, id, and the data as it was sent.
    """

    type: str | None = None
    service: str | None = None
    user_id: str | None = None
    since: float | None = None
    until: float | None = None
    text: str | None = None

    def select(self, kept: Kept[NewEvent], among: Sequence[int] | None = None) -> Sequence[int]:
        """Ascending indexes of the matching events of one request (only those in `among`, if given)."""
        records = kept.records
        places = kept.places(among)
        if self.type is not None:
            places = [place for place in places if records[place].type == self.type]
        if self.service is not None:
            places = [place for place in places if records[place].service == self.service]
        if self.user_id is not None:
            places = [place for place in places if records[place].user_id == self.user_id]
        if self.since is not None or self.until is not None:
            since = -math.inf if self.since is None else self.since
            until = math.inf if self.until is None else self.until
            places = [place for place in places if since <= kept.at(place) < until]
        if self.text is not None:
            places = _with_text(kept, places, self.text) if places else []
        return places


def _with_text(kept: Kept[NewEvent], places: Sequence[int], text: str) -> list[int]:
    """Search all events of a request at once, field by field; most requests do not contain the text."""
    events = kept.records if len(places) == len(kept.records) else [kept.records[place] for place in places]
    found = _in_data([event.data for event in events], text)
    for texts in (
        [event.type for event in events],
        [event.service for event in events],
        [event.user_id or "" for event in events],
        [event.id or "" for event in events],
    ):
        if text in "\0".join(texts).lower():  # no name contains NUL
            found.update(index for index, each in enumerate(texts) if text in each.lower())
    if text.startswith(kept.id_prefix):  # a generated id must match completely, beyond its prefix
        found.update(index for index, place in enumerate(places) if text == kept.id(place))
    return [places[index] for index in sorted(found)]


def _in_data(data: list[msgspec.Raw], text: str) -> set[int]:
    """Indexes of the `data` that contain the text."""
    joined = b"\0".join(data)  # no JSON contains NUL
    if b"\\" in joined:
        joined = b"\0".join(map(_both_ways, map(bytes, data)))
    lowered = joined.lower() if text.isascii() else joined.decode().lower().encode()
    wanted, found, index, start = msgspec.json.encode(text)[1:-1], set[int](), 0, 0
    while (hit := lowered.find(wanted, start)) >= 0:
        index += lowered.count(b"\0", start, hit)
        found.add(index)
        start = lowered.find(b"\0", hit)
        if start < 0:
            break
    return found


def _both_ways(data: bytes) -> bytes:
    """JSON as sent and, if it may contain needless escapes, also without them."""
    return data + b"\n" + msgspec.json.encode(msgspec.json.decode(data)) if b"\\" in data else data


class EventsAnswer(TypedDict):
    """The answer of `/events`: events as JSON, and the cursor of the next page; None after the last one."""

    events: list[msgspec.Raw]
    count: int
    limit: int
    next_cursor: str | None


def events(state: State, now: float, wanted: EventFilter, limit: int, before: int | None = None) -> EventsAnswer:
    """The newest `limit` events that match, newest first by arrival, as raw JSON.

    There are fewer where they would be longer than `MOST_BYTES`. `before` is the cursor from an earlier answer.
    """
    found, cursor = state.events.page(wanted.select, limit, before)
    rows: list[msgspec.Raw] = []
    room = MOST_BYTES
    for event in found:
        json = event_json(event.kept, event.place)
        room -= len(json)
        if rows and room < 0:
            cursor = found[len(rows) - 1].sequence
            break
        rows.append(msgspec.Raw(json))
    return {
        "events": rows,
        "count": len(rows),
        "limit": limit,
        "next_cursor": None if cursor is None else str(cursor),
    }


def sequences(state: State, now: float) -> tuple[int, int]:
    """Numbers of the newest event that is not held any more, and of the newest event so far."""
    return state.events.last_evicted, state.events.last_sequence


def events_after(state: State, now: float, sequence: int, limit: int) -> tuple[list[Found[NewEvent]], bool]:
    """The oldest `limit` events numbered above `sequence`, oldest first, and whether others are not held any more.

    `ERASED` stands in place of erased events.
    """
    return state.events.after(sequence, limit), sequence < state.events.last_evicted
