"""Cells merge in any order and grouping to the same cell, and survive packing."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.cells import Cell, UserCell

values = st.lists(st.floats(-1e9, 1e9) | st.integers(0, 1_000), min_size=1, max_size=10)
observations = st.lists(st.tuples(values, st.integers(0, 50)), min_size=1, max_size=8)


def facts(cell: Cell) -> tuple[object, ...]:
    """All values that have to be exactly equal."""
    return (
        cell.count,
        cell.min,
        cell.max,
        cell.last,
        cell.last_at,
        cell.percentiles(0.01, 0.5, 0.95, 0.99),
        cell.quantiles and cell.quantiles.pack(),
    )


@given(observations, st.booleans(), st.integers(0, 2**32).map(random.Random))
def test_cells_merge_in_any_order_and_grouping_to_the_cell_of_everything(
    seen: list[tuple[list[float], int]], sketched: bool, dice: random.Random
) -> None:
    ordered = sorted(seen, key=lambda one: (one[1], one[0][-1]))
    everything = Cell.of(
        [value for given_values, _ in ordered for value in given_values], ordered[-1][1], sketched=sketched
    )
    heap = [Cell.of(given_values, at, sketched=sketched) for given_values, at in seen]
    while len(heap) > 1:
        dice.shuffle(heap)
        one, other = heap.pop(), heap.pop()
        if dice.random() < 0.3:
            other.compact()
        before = facts(other), other.sum
        one.merge(other)
        assert (facts(other), other.sum) == before
        heap.append(one)
    assert facts(heap[0]) == facts(everything)
    assert (heap[0].total, heap[0].shift) == (everything.total, everything.shift)


@given(values, st.integers(0, 10**10), st.booleans(), st.booleans())
def test_a_packed_cell_unpacks_to_the_same_cell(given: list[float], at: int, sketched: bool, compacted: bool) -> None:
    cell = Cell.of(given, at, sketched=sketched)
    if compacted:
        cell.compact()
    again = Cell.unpack(cell.pack())
    assert facts(again) == facts(cell)
    assert again.sum == cell.sum
    again.merge(cell)
    assert again.count == 2 * cell.count


@pytest.mark.parametrize("packed", [b"", b"nonsense", msgspec.msgpack.encode((1, 2.0))])
def test_invalid_packed_cells_are_refused(packed: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        Cell.unpack(packed)


@pytest.mark.parametrize(
    ("one", "other", "last"),
    [
        (Cell.of([5], 10), Cell.of([1], 11), 1),
        (Cell.of([1], 11), Cell.of([5], 10), 1),
        (Cell.of([1], 10), Cell.of([5], 10), 5),
        (Cell.of([5], 10), Cell.of([1], 10), 5),
    ],
)
def test_last_is_the_latest_value_and_on_a_tie_the_greatest(one: Cell, other: Cell, last: float) -> None:
    merged = one.copy()
    merged.merge(other)
    assert merged.last == last


def test_a_copy_is_independent() -> None:
    cell = Cell.of([1.0, 2.0], 5, sketched=True)
    copy = cell.copy()
    copy.merge(Cell.of([9.0], 6, sketched=True))
    assert (cell.count, cell.max, cell.last) == (2, 2.0, 2.0)
    assert cell.quantiles is not None
    assert cell.quantiles.count == 2


def test_percentiles_stay_within_the_observed_range() -> None:
    cell = Cell.of([100.0] * 5, 1, sketched=True)
    assert cell.percentiles(0.5, 0.99) == [100.0, 100.0]


def test_a_cell_without_a_sketch_has_no_percentiles_until_one_is_merged() -> None:
    cell = Cell.tally(3, 1)
    assert cell.percentiles(0.5, 0.99) == [None, None]
    cell.merge(Cell.of([1.0], 1, sketched=True))
    assert cell.percentiles(0.5) == [1.0]
    assert (cell.count, cell.sum, cell.mean) == (4, 4, 1.0)


def test_user_cells_merge_and_copy() -> None:
    one, other = UserCell.of({"a", "b"}), UserCell.of({"b", "c"})
    copy = one.copy()
    one.merge(other)
    one.compact()
    assert (one.users.estimate, other.users.estimate, copy.users.estimate) == (3, 2, 2)
