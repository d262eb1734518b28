"""The newest events that match a filter, in memory and in the long-term store as one."""

import sys
from collections.abc import Callable
from heapq import nlargest
from typing import NamedTuple, NotRequired, TypedDict

import msgspec

from analytics.errors import Unavailable
from analytics.filters.event_filter import EventFilter, EventSelection
from analytics.filters.searches import EventKey, StoredEvent, StoredEvents, StoreSearch
from analytics.query.archive import Archive, ArchiveAway
from analytics.query.export import EventRow
from analytics.query.reader import Reader
from analytics.records import NewEvent, event_json
from analytics.state.rings import Found
from analytics.state.state import State

MOST_BYTES = 2 * 1024 * 1024
"""Length of the events in one answer; building a longer one would hold up others."""
EXAMINED, MOST_EXAMINED, EXAMINED_SECONDS = 50, 1_000, 0.001
"""Events in memory that are examined at first before others can run, at most, and how long that may take about."""
EXPORTED, EXPORT_SECONDS = 20_000, 5.0
"""How many events of the store an export reads at once, and how long that may take about."""
MEMORY_START_SECONDS, START_SECONDS = 1.0, 15.0
"""How long a search waits for a store that is starting: with events of memory to answer with, and without any."""


class EventsAnswer(TypedDict):
    """The answer of `/events`: events as JSON, and the cursor of the next page; None after the last one.

    If not `complete`, `reason` says why events of the store may be missing.
    """

    events: list[msgspec.Raw]
    count: int
    limit: int
    next_cursor: str | None
    complete: bool
    reason: NotRequired[str]


class EventsPage(NamedTuple):
    """The `limit` newest events after `cursor` are wanted: by number, which is that of arrival, or by time."""

    limit: int
    cursor: EventKey | None = None
    by_time: bool = False


class Examined(NamedTuple):
    """Matching events among some in memory: all from the number `first` on were examined, all there are if it is 0.

    Those with numbers below `oldest` are not in memory; `is_all` says that none had to leave it yet.
    """

    found: list[Found[NewEvent]]
    first: int
    oldest: int
    is_all: bool


def examined(state: State, now: float, wanted: EventSelection, before: int | None, most: int, among: int) -> Examined:
    """The newest events below a number that match, about `most` of them, among the newest `among` in memory."""
    ring = state.events
    found, first = ring.examine(wanted.select, before, most, among)
    return Examined(found, first, ring.oldest_sequence, len(ring) < ring.capacity)


class InMemory(NamedTuple):
    """Events found in memory, in order, each with its key; those with numbers below `oldest` are elsewhere."""

    found: list[tuple[EventKey, Found[NewEvent]]]
    oldest: int
    is_all: bool


class EventSearch:
    """Searches events in memory, and in the store below the oldest number that is in memory.

    Args:
        pause: called now and then during a search in memory, so that others can run.
        monotonic: a clock in seconds, which says how often that is.
    """

    def __init__(
        self,
        reader: Reader,
        archive: Archive,
        pause: Callable[[], None],
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._reader, self._archive, self._pause, self._monotonic = reader, archive, pause, monotonic

    def page(self, wanted: EventFilter, page: EventsPage) -> EventsAnswer:
        """The events of a page as raw JSON.

        There are fewer where they would be longer than `MOST_BYTES`, or where finding more took too long; `next_cursor`
        leads to the rest.

        Raises:
            ValidationFailed: the filter is not valid.
            Unavailable: all events of a further page are in the store, which does not answer now.
        """
        memory = self._in_memory(EventSelection(wanted), page)
        rows: list[tuple[EventKey, Callable[[], bytes]]] = [(key, _encoded(each)) for key, each in memory.found]
        reason, reached = None, None
        if (len(rows) <= page.limit or page.by_time) and (self._archive.is_on or not memory.is_all):
            is_further = page.cursor is not None and not rows
            asked = _asked(wanted, page, memory.oldest, len(rows))
            try:
                stored = self._archive.search(asked, START_SECONDS if is_further else MEMORY_START_SECONDS)
            except ArchiveAway as error:
                if is_further and self._archive.is_on:
                    raise Unavailable(str(error), code=error.code, headers={"Retry-After": "5"}) from error
                reason = error.code
                if self._archive.is_on and not page.by_time:
                    reached = EventKey(0, memory.oldest)  # the next page goes on in the store
            else:
                rows += [(each.key, _served(each)) for each in stored.events]
                rows.sort(key=lambda row: row[0], reverse=True)
                reached = stored.reached
        return _answer(rows, page, reached, reason)

    def _in_memory(self, wanted: EventSelection, page: EventsPage) -> InMemory:
        """The newest events in memory that match, one more than a page has."""
        cursor, found, among = page.cursor, list[tuple[EventKey, Found[NewEvent]]](), EXAMINED
        before = None if cursor is None or page.by_time else cursor.number
        while True:
            started, most = self._monotonic(), sys.maxsize if page.by_time else page.limit + 1 - len(found)
            part = self._reader.ask(examined, wanted, before, most, among)
            among = _next_among(among, self._monotonic() - started)
            keyed = [(_key(each, by_time=page.by_time), each) for each in part.found]
            found += [each for each in keyed if cursor is None or each[0] < cursor]
            if page.by_time:
                found = nlargest(page.limit + 1, found, key=lambda each: each[0])
            if part.first == 0 or (len(found) > page.limit and not page.by_time):
                oldest = part.oldest if before is None else min(part.oldest, before)  # others left memory meanwhile
                return InMemory(found[: page.limit + 1], oldest, part.is_all)
            before = part.first
            self._pause()

    @property
    def reaches_back(self) -> bool:
        """Whether there is a long-term store."""
        return self._archive.is_on

    def check(self) -> None:
        """Check that the long-term store answers.

        Raises:
            Unavailable: it does not answer now.
        """
        self._search(StoreSearch(EventFilter(), limit=1))

    def older(self, wanted: EventFilter, after: int, last: int) -> tuple[list[EventRow], int]:
        """Some events of the store that match, numbered above `after` up to `last`, oldest first.

        The second value is the number up to which these are all.

        Raises:
            Unavailable: the store does not answer now.
        """
        stored = self._search(
            StoreSearch(wanted, None, EventKey(0, after), last + 1, EXPORTED, is_ascending=True, seconds=EXPORT_SECONDS)
        )
        return list(map(_row, stored.events)), last if stored.reached is None else stored.reached.number

    def _search(self, asked: StoreSearch) -> StoredEvents:
        try:
            return self._archive.search(asked, START_SECONDS)
        except ArchiveAway as error:
            raise Unavailable(str(error), code=error.code, headers={"Retry-After": "5"}) from error


def _next_among(among: int, seconds: float) -> int:
    """How many events to examine next, when that many took so long."""
    return max(1, min(MOST_EXAMINED, int(among * min(4.0, EXAMINED_SECONDS / max(seconds, 1e-6)))))


def _row(event: StoredEvent) -> EventRow:
    return EventRow(event.type, event.service, event.user_id, event.timestamp, event.data, event.id)


def _asked(wanted: EventFilter, page: EventsPage, oldest: int, found: int) -> StoreSearch:
    limit = page.limit + 1 if page.by_time else page.limit + 1 - found
    return StoreSearch(wanted, page.cursor, None, oldest, limit, page.by_time)


def _key(found: Found[NewEvent], *, by_time: bool) -> EventKey:
    return EventKey(round(found.kept.at(found.place) * 1e6) if by_time else 0, found.sequence)


def _encoded(found: Found[NewEvent]) -> Callable[[], bytes]:
    return lambda: event_json(found.kept, found.place)


def _served(event: StoredEvent) -> Callable[[], bytes]:
    return lambda: msgspec.json.encode(event.served())


def _answer(
    rows: list[tuple[EventKey, Callable[[], bytes]]], page: EventsPage, reached: EventKey | None, reason: str | None
) -> EventsAnswer:
    """The page of these rows, which are in order; what comes after `reached`, if anything, may be incomplete."""
    if reached is not None:
        rows = [row for row in rows if row[0] >= reached]
    events: list[msgspec.Raw] = []
    last, room = reached, MOST_BYTES
    for index, (_, encode) in enumerate(rows):
        json = encode() if index < page.limit else b""
        room -= len(json)
        if index == page.limit or (events and room < 0):
            last = rows[index - 1][0]
            break
        events.append(msgspec.Raw(json))
    answer: EventsAnswer = {
        "events": events,
        "count": len(events),
        "limit": page.limit,
        "next_cursor": None if last is None else cursor_text(last, by_time=page.by_time),
        "complete": reason is None,
    }
    if reason is not None:
        answer["reason"] = reason
    return answer


def cursor_text(key: EventKey, *, by_time: bool) -> str:
    """The cursor of what comes after a key."""
    return f"{key.at}-{key.number}" if by_time else str(key.number)


def sequences(state: State, now: float) -> tuple[int, int]:
    """Numbers of the newest event that is not held any more, and of the newest event so far."""
    return state.events.last_evicted, state.events.last_sequence


def events_after(state: State, now: float, sequence: int, limit: int) -> tuple[list[Found[NewEvent]], bool]:
    """The oldest `limit` events numbered above `sequence`, oldest first, and whether others are not held any more.

    `ERASED` stands in place of erased events.
    """
    return state.events.after(sequence, limit), sequence < state.events.last_evicted
