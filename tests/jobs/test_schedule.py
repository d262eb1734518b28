"""Schedules: a fixed phase that skips missed ticks, and growing pauses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.jobs.schedule import Backoff, next_due


@pytest.mark.parametrize(
    ("due", "now", "following", "missed"),
    [
        (10.0, 10.0, 11.0, 0),
        (10.0, 10.001, 11.0, 0),
        (10.0, 10.999, 11.0, 0),
        (10.0, 11.0, 12.0, 1),
        (10.0, 11.5, 12.0, 1),
        (10.0, 15.25, 16.0, 5),
        (10.0, 9.99, 11.0, 0),
    ],
)
def test_the_next_tick_keeps_the_phase_and_skips_missed_ones(
    due: float, now: float, following: float, missed: int
) -> None:
    assert next_due(due, now, 1.0) == (following, missed)


@given(st.integers(0, 1_000), st.integers(0, 100_000), st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_the_next_tick_is_the_first_of_its_phase_in_the_future(due: int, late: int, interval: float) -> None:
    now = due + late / 64
    following, missed = next_due(float(due), now, interval)
    assert now < following <= now + interval
    assert (following - due) % interval == 0
    assert following == due + (missed + 1) * interval


def test_pauses_double_up_to_a_limit() -> None:
    assert [Backoff().pause(failures) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert Backoff(0.5, 2).pause(100_000) == 2
