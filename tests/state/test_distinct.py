"""The distinct sketch: same estimate in any order and grouping, exact past 1,000, close at a million."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.distinct import Distinct
from tests.randomness import costly

USERS = [f"user-{number}" for number in range(100_000)]


def users(first: int, last: int) -> list[str]:
    return USERS[first:last]


def sketch_of(values: list[str]) -> Distinct:
    sketch = Distinct()
    sketch.add(values)
    return sketch


ranges = st.tuples(st.integers(0, 3_000), st.sampled_from((0, 1, 40, 700, 1_500, 1_540, 2_500))).map(
    lambda pair: (pair[0], pair[0] + pair[1])
)
"""Overlapping ranges of users, below and above the sizes at which the sketch changes its representation."""
parts = st.lists(st.tuples(ranges, st.booleans()), min_size=1, max_size=5)


@costly()
@given(parts, st.integers(0, 2**32).map(random.Random))
def test_merging_in_any_order_and_grouping_gives_the_estimate_of_all_to_the_last_digit(
    given_parts: list[tuple[tuple[int, int], bool]], dice: random.Random
) -> None:
    seen = sorted({user for (first, last), _ in given_parts for user in users(first, last)})
    everything = sketch_of(seen)
    heap = []
    for (first, last), compacted in given_parts:
        values = users(first, last)
        dice.shuffle(values)
        sketch = sketch_of(values)
        if compacted:
            sketch.compact()
        heap.append(sketch)
    while len(heap) > 1:
        dice.shuffle(heap)
        one, other = heap.pop(), heap.pop()
        one.merge(other)
        if dice.random() < 0.3:
            one.compact()
        heap.append(one)
    assert heap[0].estimate == everything.estimate


def test_the_order_of_strings_does_not_matter() -> None:
    values = users(0, 50_000)
    assert sketch_of(values).estimate == sketch_of(values[::-1]).estimate


@pytest.mark.parametrize("count", [0, 1, 2, 7, 31, 100, 500, 900, 999, 1_000, 1_001, 1_200])
@pytest.mark.parametrize("form", ["user-{}", "{:032x}", "10.0.{}.1", "ü{}"])
def test_counting_is_exact_past_a_thousand(count: int, form: str) -> None:
    values = [form.format(number) for number in range(count)]
    halves = sketch_of(values[: count // 2])
    halves.merge(sketch_of(values[count // 3 :]))
    assert sketch_of(values).estimate == halves.estimate == count


def test_a_million_are_counted_within_two_percent() -> None:
    sketch = Distinct()
    for million_part in "abcdefghij":
        sketch.add([million_part + user for user in USERS])
    assert sketch.estimate == pytest.approx(1_000_000, rel=0.02)


@pytest.mark.parametrize("count", [0, 5, 1_000, 20_000])
def test_packing_and_compacting_change_nothing(count: int) -> None:
    sketch = sketch_of(users(0, count))
    before = sketch.estimate
    again = Distinct.unpack(sketch.pack())
    assert again.estimate == before
    sketch.compact()
    sketch.compact()
    assert sketch.estimate == before
    assert Distinct.unpack(sketch.pack()).estimate == before
    sketch.add(users(0, count))
    assert sketch.estimate == before


def test_a_packed_sketch_continues_counting() -> None:
    sketch = sketch_of(["a", "b"])
    sketch.compact()
    sketch.add(["b", "c"])
    assert sketch.estimate == 3


def test_merging_does_not_change_the_other_sketch() -> None:
    one, other = sketch_of(["a"]), sketch_of(["b"])
    one.merge(other)
    one.add(["c"])
    assert (one.estimate, other.estimate) == (3, 1)


@pytest.mark.parametrize("count", [1_000, 100_000])
def test_a_packed_sketch_stays_small(count: int) -> None:
    assert len(sketch_of(users(0, count)).pack()) <= min(8_400, 4 * count + 64)


def test_an_invalid_packed_sketch_is_refused_when_it_is_used() -> None:
    sketch = Distinct.unpack(b"nonsense")
    with pytest.raises((RuntimeError, ValueError)):
        sketch.estimate  # noqa: B018
