"""Stretches of a search: they cover everything once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.store.search.stretches import Stretch, stretches
from analytics.store.source import Extent

extents = st.builds(
    lambda first, more, since, lasts, rows: Extent(first, first + more, since, since + 1 + lasts, rows),
    *(st.integers(0, 50),) * 4,
    st.integers(1, 20),
)


@given(st.lists(extents, max_size=8), st.integers(1, 10), st.booleans(), st.booleans())
def test_they_follow_each_other_without_gap_or_overlap(
    found: list[Extent], least: int, by_time: bool, is_ascending: bool
) -> None:
    parts = list(stretches(found, least, by_time=by_time, is_ascending=is_ascending))
    parts = parts if is_ascending else parts[::-1]
    assert (parts[0].low, parts[-1].high) == (None, None)
    edges = [part.low for part in parts[1:]]
    assert [part.high for part in parts[:-1]] == edges
    assert edges == sorted(set(edges))  # type: ignore[type-var]
    assert sum(part.rows for part in parts) == sum(extent.rows for extent in found)


@pytest.mark.parametrize(
    ("is_ascending", "parts"),
    [
        (False, [Stretch(4, None, 20), Stretch(None, 4, 50)]),
        (True, [Stretch(None, 3, 20), Stretch(3, None, 50)]),
    ],
)
def test_the_first_one_is_small_and_the_next_ones_grow(is_ascending: bool, parts: list[Stretch]) -> None:
    found = [Extent(number, number, 0, 1, 10) for number in range(7)]
    found = found[1:] + found[:1]
    expected = parts if is_ascending else [Stretch(5, None, 20), Stretch(None, 5, 50)]
    assert list(stretches(found, 20, by_time=False, is_ascending=is_ascending))[: len(parts)] == [
        Stretch(part.low, part.high, part.rows)
        for part in (expected if not is_ascending else [Stretch(None, 2, 20), parts[1]._replace(low=2)])
    ]
