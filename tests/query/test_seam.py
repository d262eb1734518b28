"""Memory and the long-term store are read as one: no event twice, none missing, in both orders."""

from itertools import count
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import Unavailable
from analytics.filters.event_filter import EventFilter
from analytics.filters.searches import EventKey
from analytics.query.events import EventsAnswer, EventSearch, EventsPage
from tests.query.archives import FakeArchive
from tests.state.rig import NOON, Rig, event


def ids(answer: EventsAnswer) -> list[str]:
    return [msgspec.json.decode(each)["id"] for each in answer["events"]]


def key_of(cursor: str | None) -> EventKey | None:
    if cursor is None:
        return None
    at, _, number = cursor.rpartition("-")
    return EventKey(int(at or 0), int(number))


batches = st.lists(
    st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(-5, 0)), min_size=1, max_size=4), max_size=8
)


@patch("analytics.query.events.EXAMINED", 2)
@patch("analytics.query.events.MOST_EXAMINED", 2)
@given(batches, st.integers(1, 6), st.integers(1, 5), st.booleans(), st.booleans(), st.booleans())
@settings(deadline=None)
def test_pages_have_each_event_once_in_order_while_new_ones_arrive(
    sent: list[list[tuple[str, int | None]]], ring: int, limit: int, by_time: bool, is_filtered: bool, is_busy: bool
) -> None:
    rig = Rig(events_ring=ring)
    archive = FakeArchive(rig)
    pauses = list[int]()

    def pause() -> None:
        """More events arrive while memory is searched."""
        pauses.append(1)
        if is_busy:
            rig.events(event("a", id=f"late {len(pauses)}", at=NOON + 10))

    search = EventSearch(rig.reader, archive, pause)
    number, times = 0, list[tuple[float, int]]()
    for batch in sent:
        rig.clock.advance(1)
        rig.events(
            *(
                event(type_, id=str(number + place), at=None if hours is None else NOON + 3_600 * hours)
                for place, (type_, hours) in enumerate(batch)
            )
        )
        for type_, hours in batch:
            if type_ == "a" or not is_filtered:
                at = rig.clock.wall() if hours is None else NOON + 3_600 * hours
                times.append((at if by_time else 0, number))
            number += 1
    if is_busy:  # events arrive between the look at memory and the one at the store
        archive.before_search = lambda: rig.events(event("a", id=f"new {len(archive.asked)}", at=NOON + 10)) and None
    seen, cursor = list[str](), None
    for _ in range(100):
        wanted = EventFilter(q="type:a") if is_filtered else EventFilter()
        answer = search.page(wanted, EventsPage(limit, cursor, by_time))
        assert answer["complete"]
        seen += ids(answer)
        cursor = key_of(answer["next_cursor"])
        if cursor is None:
            break
        assert answer["count"] == limit
    assert seen == [str(number) for _, number in sorted(times, reverse=True)]
    assert cursor is None


def filled(ring: int = 3) -> tuple[Rig, FakeArchive, EventSearch]:
    rig = Rig(events_ring=ring)
    archive = FakeArchive(rig)
    for number in range(10):
        rig.event("view", id=str(number))
    return rig, archive, EventSearch(rig.reader, archive, lambda: None)


def test_the_store_is_not_asked_for_what_memory_has() -> None:
    _, archive, search = filled()
    page = search.page(EventFilter(), EventsPage(2))
    assert (ids(page), archive.asked) == (["9", "8"], [])
    assert page["next_cursor"] is not None
    assert ids(search.page(EventFilter(), EventsPage(3))) == ["9", "8", "7"]
    assert [asked.limit for asked in archive.asked] == [1], "whether there is another page"


def test_a_store_that_starts_is_waited_for_longer_if_memory_has_nothing_to_answer_with() -> None:
    _, archive, search = filled()
    first = search.page(EventFilter(), EventsPage(3))
    search.page(EventFilter(), EventsPage(3, key_of(first["next_cursor"])))
    search.check()
    search.older(EventFilter(), 0, 5)
    assert archive.start_seconds == [1, 15, 15, 15]


def test_without_the_store_memory_is_answered_and_what_is_missing_is_told() -> None:
    rig, archive, search = filled()
    archive.is_away = True
    page = search.page(EventFilter(), EventsPage(100))
    assert ids(page) == ["9", "8", "7"]
    assert (page["complete"], page["reason"]) == (False, "store_unavailable")
    further = EventsPage(100, key_of(page["next_cursor"]))
    with pytest.raises(Unavailable, match="It is away") as caught:
        search.page(EventFilter(), further)
    assert (caught.value.code, caught.value.headers) == ("store_unavailable", {"Retry-After": "5"})
    by_time = search.page(EventFilter(), EventsPage(100, by_time=True))
    assert (ids(by_time), by_time["complete"], by_time["next_cursor"]) == (["9", "8", "7"], False, None)
    archive.is_away = False
    assert ids(search.page(EventFilter(), further)) == ["6", "5", "4", "3", "2", "1", "0"]
    archive.is_away = True
    assert search.page(EventFilter(), EventsPage(2))["complete"]
    away = rig.found(100)
    assert (ids(away), away["complete"], away["reason"]) == (["9", "8", "7"], False, "store_off")
    fresh = Rig(events_ring=3)
    fresh.event()
    assert fresh.found() | {"events": []} == {
        "events": [],
        "count": 1,
        "limit": 1000,
        "next_cursor": None,
        "complete": True,
    }


def test_a_search_that_ended_early_goes_on_from_its_cursor() -> None:
    rig, archive, search = filled()
    whole, reached = archive.search, EventKey(0, rig.state.events.oldest_sequence - 4)

    def early(asked: Any, start_seconds: float) -> Any:
        found = whole(asked, start_seconds)
        if asked.below is None:
            return msgspec.structs.replace(
                found, events=[each for each in found.events if each.key >= reached], reached=reached
            )
        return found

    archive.search = early  # type: ignore[method-assign]
    first = search.page(EventFilter(), EventsPage(100))
    assert ids(first) == ["9", "8", "7", "6", "5", "4", "3"]
    rest = search.page(EventFilter(), EventsPage(100, key_of(first["next_cursor"])))
    assert (ids(rest), rest["next_cursor"]) == (["2", "1", "0"], None)


@pytest.mark.parametrize("is_away", [False, True])
def test_older_events_are_exported_in_parts(is_away: bool) -> None:
    rig, archive, search = filled()
    first, archive.is_away = rig.state.events.oldest_sequence - 7, is_away
    if is_away:
        with pytest.raises(Unavailable):
            search.older(EventFilter(), 0, first + 2)
        return
    rows, upto = search.older(EventFilter(), first - 1, first + 2)
    assert ([row.id for row in rows], upto) == (["0", "1", "2"], first + 2)


def test_a_slow_search_examines_few_events_at_once() -> None:
    """By a clock that runs on by half a second between two looks, or stands still."""
    rig = Rig(events_ring=300)
    rig.events(*(event("view") for _ in range(300)))
    clock, parts = count(0.0, 0.5), list[int]()
    slow = EventSearch(rig.reader, FakeArchive(rig), lambda: parts.append(1), lambda: next(clock))
    assert slow.page(EventFilter(q="nothing"), EventsPage(10))["events"] == []
    assert len(parts) > 200
    parts.clear()
    EventSearch(rig.reader, FakeArchive(rig), lambda: parts.append(1)).page(EventFilter(q="nothing"), EventsPage(10))
    assert len(parts) < 5
