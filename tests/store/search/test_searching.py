"""Searches in the store find what a filter over a list finds, in both orders and directions, and end in time."""

from itertools import count
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.filters.event_filter import EventFilter
from analytics.filters.searches import EventKey, StoredEvents, StoreSearch
from analytics.records import Kept, NewEvent, event_json
from analytics.store.search.searching import ANSWER_BYTES, search
from tests.state.rig import NOON, event
from tests.store.plain_source import PlainSource, connect, fill

DATABASE = connect()
Batches = list[tuple[int, Kept[NewEvent]]]


def batch(first: int, *records: NewEvent) -> tuple[int, Kept[NewEvent]]:
    return first, Kept(records, NOON + first / 1e3, "2023-11-14T12:00:00.000Z", f"own-{first}-")


def ask(batches: Batches, asked: StoreSearch, size: int = 3, monotonic: Any = lambda: 0.0) -> StoredEvents:
    fill(DATABASE, batches)
    return search(PlainSource(DATABASE, size), DATABASE, asked, monotonic, least_rows=2)


def numbers(found: StoredEvents) -> list[int]:
    return [each.key.number for each in found.events]


some_events = st.lists(
    st.builds(
        lambda type_, at, n: event(type_, at=at, data={"n": n}),
        st.sampled_from("ab"),
        st.none() | st.integers(-5, 5).map(lambda hours: NOON + 3_600.0 * hours),
        st.integers(0, 3),
    ),
    max_size=8,
)


@st.composite
def histories(draw: st.DrawFn) -> Batches:
    at, batches = 1, []
    for records in draw(st.lists(some_events, max_size=4)):
        at += draw(st.sampled_from([0, 1, 1_000_000]))
        batches.append(batch(at, *records))
        at += len(records)
    return batches


def expected(batches: Batches, asked: StoreSearch) -> list[EventKey]:
    """The keys of a search, found one by one; `wanted` asks for a type at most."""
    keys = [
        EventKey(round(kept.at(place) * 1e6) if asked.by_time else 0, first + place)
        for first, kept in batches
        for place in range(len(kept.records))
        if asked.wanted.type in (None, kept.records[place].type)
        and (asked.before is None or first + place < asked.before)
    ]
    keys = [
        key for key in keys if (asked.below is None or key < asked.below) and (asked.above is None or key > asked.above)
    ]
    return sorted(keys, reverse=not asked.is_ascending)


@given(histories(), st.data())
@settings(deadline=None)
def test_all_pages_together_are_all_events_in_order(batches: Batches, data: st.DataObject) -> None:
    draw = data.draw
    by_time, is_ascending, is_slow = (draw(st.booleans()) for _ in range(3))
    asked = StoreSearch(
        EventFilter(type=draw(st.sampled_from([None, "a"]))),
        before=draw(st.none() | st.sampled_from([1, 5, 1_000_004])),
        limit=draw(st.integers(1, 5)),
        by_time=by_time,
        is_ascending=is_ascending,
    )
    wanted, found, reached = expected(batches, asked), list[EventKey](), None
    ticks = count(0, 10.0 if is_slow else 0.0)
    size = draw(st.integers(1, 4))
    for _ in range(100):
        part = ask(batches, asked, size, lambda: next(ticks))
        found += [each.key for each in part.events]
        reached = part.reached
        if reached is None:
            break
        asked = msgspec.structs.replace(asked, **{"above" if is_ascending else "below": reached})
    assert found == wanted
    assert reached is None, "it goes on for ever"


def test_events_are_as_they_were_served_from_memory() -> None:
    records = [
        event("a", user_id="ann", id="1", at=NOON - 0.25, data={"n": 1.50}),
        event("b", at=NOON + 0.000123),
        event("c", user_id="", data={"é": "\x00"}),
    ]
    batches = [batch(1, *records)]
    kept = batches[0][1]._replace(received=NOON + 0.9999, received_at="2023-11-14T12:00:00.999Z")
    found = ask([(1, kept)], StoreSearch(EventFilter(), is_ascending=True)).events
    assert [msgspec.json.encode(each.served()) for each in found] == [event_json(kept, place) for place in range(3)]


def test_a_search_ends_when_the_next_stretch_would_take_too_long() -> None:
    batches = [batch(number, event("ab"[number == 1])) for number in range(1, 101)]
    ticks = count(0, 1.0)
    found = ask(batches, StoreSearch(EventFilter(type="b"), seconds=9), monotonic=lambda: next(ticks))
    assert found.events == []
    assert found.reached is not None
    assert 1 < found.reached.number < 100
    rest = ask(batches, StoreSearch(EventFilter(type="b"), found.reached))
    assert (numbers(rest), rest.reached) == ([1], None)


def test_an_answer_ends_at_some_bytes() -> None:
    batches = [batch(1, *(event(data={"x": "x" * 30_000}) for _ in range(200)))]
    found = ask(batches, StoreSearch(EventFilter(), limit=1000))
    assert ANSWER_BYTES - 60_000 < sum(len(bytes(each.data)) for each in found.events) <= ANSWER_BYTES
    rest = ask(batches, StoreSearch(EventFilter(), found.reached, limit=1000))
    assert numbers(found) + numbers(rest) == list(range(200, 0, -1))


def test_a_search_passes_between_processes() -> None:
    wanted = EventFilter("a", q="b -c", data=(("x", "1"),), since=1.5)
    asked = StoreSearch(wanted, EventKey(5, 6), None, 7, 8, by_time=True)
    assert msgspec.convert(msgspec.to_builtins(asked), StoreSearch) == asked
    found = ask([batch(1, event("a", data={"x": 1}))], StoreSearch(EventFilter()))
    (back,) = msgspec.json.decode(msgspec.json.encode(found), type=StoredEvents).events
    assert msgspec.json.encode(back.served()) == msgspec.json.encode(found.events[0].served())
