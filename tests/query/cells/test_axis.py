"""Axes of buckets, and the windows on them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.query.cells.axis import bounds, make_axis
from analytics.state.rollup import Level

LEVELS = (Level(1, 120), Level(60, 180), Level(3600, 168), Level(86_400, 90))
NOW = 1_699_963_217.5


def oldest(level: int) -> int:
    """Start of the oldest bucket of a level."""
    each = LEVELS[level]
    return each.start(NOW) - each.size * (each.keep - 1)


@given(
    st.lists(st.integers(0, 90 * 86_400_000), min_size=1, max_size=20),
    st.integers(1_000, 7 * 86_400_000),
    st.booleans(),
)
def test_windows_are_as_long_as_the_buckets_kept_allow(ages: list[int], length: int, is_finest: bool) -> None:
    ends = np.sort(np.array([round(NOW * 1000) - age for age in ages], np.int64))
    axis = make_axis(LEVELS, oldest, NOW, (bounds(ends), bounds(ends - length)), is_finest=is_finest)
    assert (np.diff(axis.edges) > 0).all()
    earliest = int(bounds(ends - length).min())
    assert axis.edges[0] <= max(earliest, oldest(3))
    assert len(axis) == 1 or axis.edges[1] > earliest, "nothing before the first window is read"
    places = axis.places(ends, length)
    assert (places.first < places.last).all()
    for end, first, last in zip(ends.tolist(), places.first, places.last, strict=True):
        start = (end - length) / 1000
        if start < oldest(3):
            continue
        level = next(each for each in range(4) if start >= oldest(each))
        covered = axis.edges[last] - axis.edges[first]
        assert abs(covered - length / 1000) <= LEVELS[min(level + 1, 3)].size


def test_windows_between_full_minutes_need_no_seconds() -> None:
    end = np.array([int(NOW) // 60 * 60_000], np.int64)
    axis = make_axis(LEVELS, oldest, NOW, (bounds(end), bounds(end - 300_000)))
    assert {run.level for run in axis.runs} <= {1, 2, 3}


@pytest.mark.parametrize(("at", "second"), [(60_000, 60), (60_001, 61), (59_999, 60), (61_000, 62)])
def test_a_bound_is_after_its_second_or_on_a_full_minute(at: int, second: int) -> None:
    assert bounds(np.array([at])).tolist() == [second]


def test_steps_in_the_same_buckets_share_a_window() -> None:
    ends = np.arange(100, dtype=np.int64) * 10 + int(NOW - 10_000) * 1000
    axis = make_axis(LEVELS, oldest, NOW, (bounds(ends), bounds(ends - 300_000)))
    windows = axis.distinct(axis.places(ends, 300_000))
    assert len(windows.places.first) < 3
    assert len(windows.of_step) == 100


def test_bounds_far_from_what_is_kept_take_no_memory() -> None:
    far = np.array([-(2**53), 2**53], np.int64)
    axis = make_axis(LEVELS, oldest, NOW, (far,), is_finest=True)
    assert axis.edges[0] == oldest(3)
    assert axis.edges[-1] == int(NOW) + 1
    assert len(axis) < 600
