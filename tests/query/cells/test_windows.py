"""Figures of windows: those of their buckets, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.query.cells import windows
from analytics.query.cells.axis import Places


def _places(first: list[int], last: list[int]) -> Places:
    return Places(np.array(first), np.array(last), np.ones(len(first)))


@given(
    st.integers(1, 40).flatmap(
        lambda buckets: st.tuples(
            st.just(buckets),
            st.one_of(
                st.integers(1, buckets).flatmap(  # windows of one length
                    lambda length: st.lists(st.integers(0, buckets - length), min_size=1, max_size=9).map(
                        lambda first: [(each, each + length) for each in first]
                    )
                ),
                st.lists(
                    st.lists(st.integers(0, buckets), min_size=2, max_size=2, unique=True).map(sorted).map(tuple),
                    min_size=1,
                    max_size=9,
                ),
            ),
        )
    ),
    st.sampled_from([1, 3, 2_000]),
    st.integers(0, 2**32 - 1),
)
def test_windows_are_those_of_their_buckets(found: tuple[int, list[tuple[int, int]]], width: int, seed: int) -> None:
    buckets, bounds = found
    random = np.random.default_rng(seed)
    values, present = random.random((buckets, width)) * 100, random.random((buckets, width)) < 0.5
    places = _places([first for first, _ in bounds], [last for _, last in bounds])
    least = windows.reduced(np.where(present, values, np.nan), places, np.fmin)
    summed, there = windows.sums(values, places), windows.anywhere(present, places)
    for step, (first, last) in enumerate(bounds):
        assert summed[step] == pytest.approx(values[first:last].sum(0), rel=1e-12)
        assert (there[step] == present[first:last].any(0)).all()
        expected = np.where(present[first:last], values[first:last], np.inf).min(0)
        assert (np.nan_to_num(least[step], nan=np.inf) == expected).all()


def test_others_may_run_between_parts_of_the_work() -> None:
    pauses: list[None] = []
    wide = np.ones((40, 5_000))
    for length in (3, 30):
        pauses.clear()
        first = np.arange(41 - length)
        places = Places(first, first + length, np.ones(len(first)), lambda: pauses.append(None))
        windows.sums(wide, places)
        assert pauses
