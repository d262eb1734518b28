"""The rings of newest records, and paging through them while new ones arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.state.rings import Ring, newest
from tests.state.rig import moderate


def ring_of(count: int, capacity: int = 100) -> Ring[int]:
    ring: Ring[int] = Ring(capacity)
    ring.extend(list(range(1, count + 1)))
    return ring


def anything(_: int) -> bool:
    return True


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (99, 99), (100, 100), (101, 100), (1_000, 100)])
def test_the_newest_stay(count: int, kept: int) -> None:
    ring = ring_of(count)
    assert len(ring) == kept
    assert ring.last_sequence == count
    assert newest(ring.newest_first(), 3) == list(range(count, max(count - 3, 0), -1))


def test_sequence_numbers_go_with_their_records() -> None:
    assert list(ring_of(250).newest_first())[:2] == [(250, 250), (249, 249)]
    assert list(ring_of(250).newest_first())[-1] == (151, 151)
    assert list(ring_of(250).newest_first(before=153)) == [(152, 152), (151, 151)]


@pytest.mark.parametrize("before", [1, 50, 151])
def test_a_cursor_that_points_beyond_what_is_kept_gives_nothing(before: int) -> None:
    assert list(ring_of(250).newest_first(before)) == []


def test_a_cursor_of_the_future_gives_everything() -> None:
    assert len(list(ring_of(250).newest_first(before=10**9))) == 100


@moderate
@given(st.integers(0, 60), st.integers(1, 9), st.integers(1, 3), st.lists(st.integers(0, 5), max_size=40))
def test_paging_sees_each_record_once_while_new_ones_arrive(
    count: int, limit: int, divisor: int, arrivals: list[int]
) -> None:
    ring = ring_of(count, capacity=10_000)
    seen: list[int] = []
    cursor: int | None = None
    while True:
        page, cursor = ring.page(lambda record: record % divisor == 0, limit, cursor)
        assert len(page) <= limit
        seen += page
        if cursor is None:
            break
        assert len(page) == limit
        ring.extend(list(range(ring.last_sequence + 1, ring.last_sequence + 1 + (arrivals.pop() if arrivals else 0))))
    assert seen == [record for record in range(count, 0, -1) if record % divisor == 0]


def test_the_last_page_says_so() -> None:
    assert ring_of(10).page(anything, 10) == (list(range(10, 0, -1)), None)
    assert ring_of(10).page(anything, 9) == (list(range(10, 1, -1)), 2)
    assert ring_of(10).page(anything, 9, 2) == ([1], None)
    assert ring_of(0).page(anything, 9) == ([], None)
