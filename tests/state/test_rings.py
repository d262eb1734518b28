"""Rings of newest records, and paging through them while new ones arrive."""

import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.records import Kept, NewMetric
from analytics.state.rings import BLOCK, Found, Ring


def add(ring: Ring[NewMetric], count: int) -> None:
    """Add one request of `count` records, whose values are their sequence numbers."""
    first = ring.last_sequence + 1
    ring.add(
        Kept(
            [NewMetric("n", number) for number in range(first, first + count)], 0.0, "1970-01-01T00:00:00.000Z", "run-"
        )
    )


def ring_of(count: int, capacity: int = 100, batch: int = 7) -> Ring[NewMetric]:
    ring: Ring[NewMetric] = Ring(capacity)
    while ring.last_sequence < count:
        add(ring, min(batch, count - ring.last_sequence))
    return ring


def value(found: Found[NewMetric]) -> float:
    return found.kept.records[found.place].value


def anything(kept: Kept[NewMetric], places: Sequence[int] | None = None) -> Sequence[int]:
    return kept.places(places)


@pytest.mark.parametrize("batch", [1, 7, 100, 1_000])
@pytest.mark.parametrize(("count", "kept"), [(0, 0), (99, 99), (100, 100), (101, 100), (1_000, 100)])
def test_the_newest_stay(count: int, kept: int, batch: int) -> None:
    ring = ring_of(count, batch=batch)
    assert len(ring) == kept
    assert ring.last_sequence == count
    assert [value(found) for found in ring.newest_first()] == list(range(count, count - kept, -1))


def test_only_requests_of_the_newest_records_are_held() -> None:
    ring = ring_of(10_000, capacity=100, batch=7)
    assert sum(len(kept.records) for kept in ring._batches) < 100 + 7


def test_records_keep_their_sequence_numbers() -> None:
    for before in (None, 200, 153, 152):
        found = list(ring_of(250).newest_first(before))
        assert [record.sequence for record in found] == list(range((before or 251) - 1, 150, -1))
        assert all(value(record) == record.sequence for record in found)


@pytest.mark.parametrize("batch", [1, 7, 250])
def test_blocks_have_all_records_that_are_held_and_no_others(batch: int) -> None:
    ring = ring_of(10_050, capacity=1_030, batch=batch)
    blocks = {number: ring.block(number) for number in range(-1, 110)}
    assert [value(found) for block in blocks.values() for found in block] == list(range(9_021, 10_051))
    assert all(found.sequence // BLOCK == number for number, block in blocks.items() for found in block)


def test_blocks_that_were_dropped_are_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ring_of(10_000, capacity=1_000)
    monkeypatch.setattr(ring, "slices", lambda sequence, limit: 1 / 0)
    assert [ring.block(number) for number in range(90)] == [[]] * 90


@pytest.mark.parametrize("before", [1, 50, 151])
def test_a_cursor_before_the_oldest_record_returns_nothing(before: int) -> None:
    assert list(ring_of(250).newest_first(before)) == []


def test_a_cursor_in_the_future_returns_everything() -> None:
    assert len(list(ring_of(250).newest_first(before=10**9))) == 100


@given(
    st.integers(0, 60),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 3),
    st.lists(st.integers(0, 5), max_size=40),
)
def test_examining_part_by_part_sees_each_record_once_while_new_ones_arrive(
    count: int, wanted: int, most: int, divisor: int, arrivals: list[int]
) -> None:
    ring = ring_of(count, capacity=10_000, batch=4)
    seen: list[float] = []
    before: int | None = None

    def divisible(kept: Kept[NewMetric], places: Sequence[int]) -> list[int]:
        return [place for place in places if kept.records[place].value % divisor == 0]

    while before != 0:
        found, first = ring.examine(divisible, before, wanted, most)
        assert len(found) <= most
        assert first == 0 or first < (before or 10**6)
        seen += map(value, found)
        before = first
        add(ring, arrivals.pop() if arrivals else 1)
    assert seen == [record for record in range(count, 0, -1) if record % divisor == 0]


def test_examining_ends_within_a_large_request() -> None:
    found, reached = ring_of(10, batch=10).examine(anything, None, 99, 4)
    assert ([value(each) for each in found], reached) == ([10, 9, 8, 7], 7)
    found, reached = ring_of(10, batch=10).examine(anything, 7, 99, 4)
    assert ([value(each) for each in found], reached) == ([6, 5, 4, 3], 3)
    found, reached = ring_of(10, capacity=5, batch=10).examine(anything, 8, 99, 99)
    assert ([value(each) for each in found], reached) == ([7, 6], 0)


def test_examining_ends_when_there_are_enough() -> None:
    for wanted, most, before, values, first in [
        (10, 99, None, range(10, 0, -1), 0),
        (4, 99, None, range(10, 6, -1), 7),
        (99, 4, None, range(10, 6, -1), 7),
        (99, 99, 7, range(6, 0, -1), 0),
        (99, 99, 1, [], 0),
    ]:
        found, reached = ring_of(10, batch=1).examine(anything, before, wanted, most)
        assert ([value(each) for each in found], reached) == (list(values), first)
    assert ring_of(0).examine(anything, None, 9, 9) == ([], 0)


@given(st.lists(st.integers(1, 5), max_size=60), st.integers(1, 20), st.integers(0, 40), st.integers(0, 500), st.data())
def test_a_page_by_number_matches_a_list_of_all_records(
    batches: list[int], capacity: int, limit: int, sequence: int, data: st.DataObject
) -> None:
    ring: Ring[NewMetric] = Ring(capacity)
    numbers: list[int] = []
    for count in batches:
        if data.draw(st.sampled_from((False, False, True))):
            ring.skip_to(ring.last_sequence + data.draw(st.integers(1, 2 * BLOCK)))
        before = ring.last_sequence
        add(ring, count)
        numbers += range(before + 1, ring.last_sequence + 1)
        if data.draw(st.booleans()):
            kept = numbers[-capacity:]
            assert (ring.oldest_sequence, ring.last_sequence, len(ring)) == (kept[0], kept[-1], len(kept))
            assert ring.last_evicted == (numbers[-capacity - 1] if len(numbers) > capacity else numbers[0] - 1)
            assert [record.sequence for record in ring.newest_first(sequence)] == [
                number for number in reversed(kept) if number < sequence
            ]
            blocks = {number // BLOCK: ring.block(number // BLOCK) for number in numbers}
            assert [record.sequence for block in blocks.values() for record in block] == kept
            wanted = [number for number in kept if number > sequence][:limit]
            found = ring.after(sequence, limit)
            assert [record.sequence for record in found] == wanted == list(map(value, found))
            slices = ring.slices(sequence, limit)
            assert [before + 1 + place for before, _, places in slices for place in places] == wanted
            assert all(len(places) for _, _, places in slices)


def test_a_number_that_is_skipped_to_begins_a_block() -> None:
    ring = ring_of(3)
    for number, first in ((4, BLOCK), (2 * BLOCK, 2 * BLOCK), (7 * BLOCK + 1, 8 * BLOCK)):
        ring.skip_to(number)
        add(ring, 2)
        assert [found.sequence for found in ring.newest_first()][:2] == [first + 1, first]
    assert ring.last_evicted == 0


def test_numbers_before_the_first_record_are_those_of_evicted_ones() -> None:
    ring: Ring[NewMetric] = Ring(10)
    ring.skip_to(10 * BLOCK)
    assert (ring.last_evicted, ring.oldest_sequence) == (10 * BLOCK - 1, 10 * BLOCK)
    add(ring, 10)
    ring.skip_to(20 * BLOCK)
    assert ring.last_evicted == 10 * BLOCK - 1
    add(ring, 9)
    assert ring.last_evicted == 10 * BLOCK + 8
    add(ring, 1)
    assert (ring.last_evicted, ring.oldest_sequence) == (10 * BLOCK + 9, 20 * BLOCK)


def test_evicted_records_are_released_at_once() -> None:
    ring = ring_of(60, batch=1)
    first = ring.after(0, 1)[0].kept
    users = sys.getrefcount(first)
    for _ in range(100):
        add(ring, 1)
    assert sys.getrefcount(first) == users - 1


def test_reading_all_of_a_large_ring_of_single_records_looks_at_each_request_once() -> None:
    looks = 0

    class Counted(list[Kept[NewMetric]]):
        def __getitem__(self, index: Any) -> Any:
            nonlocal looks
            looks += 1
            return super().__getitem__(index)

    ring = ring_of(5_000, capacity=5_000, batch=1)
    ring._batches = Counted(ring._batches)
    sequence = pages = 0
    while page := ring.after(sequence, 100):
        sequence, pages = page[-1].sequence, pages + 1
    assert (sequence, looks) == (5_000, 5_000 + pages + 1), "and at the oldest one for each page"
