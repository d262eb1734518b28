"""Peak hours of days."""

import pytest

from analytics.state.exact import in_units
from analytics.state.peak_hours import PeakHours
from tests.state.rig import DAY, HOUR, MIDNIGHT


@pytest.mark.parametrize(
    ("hours", "peak"),
    [
        ({}, None),
        ({5: 0}, None),
        ({5: 3}, (5, 3)),
        ({5: 3, 7: 4}, (7, 4)),
        ({23: 4, 7: 4, 9: 4}, (7, 4)),
        ({0: 1, 23: 2}, (23, 2)),
    ],
)
def test_the_peak_is_the_busiest_hour_and_on_a_tie_the_earliest(
    hours: dict[int, int], peak: tuple[int, int] | None
) -> None:
    days = PeakHours()
    for hour, requests in hours.items():
        days.add(MIDNIGHT + hour * HOUR, in_units(requests))
    assert days.peak(MIDNIGHT) == (None if peak is None else (MIDNIGHT + peak[0] * HOUR, peak[1]))


def test_hours_begin_and_end_on_the_second() -> None:
    days = PeakHours()
    days.add(MIDNIGHT + HOUR - 0.001, in_units(2))
    days.add(MIDNIGHT + HOUR, in_units(3))
    days.add(MIDNIGHT + DAY, in_units(9))
    assert days.peak(MIDNIGHT) == (MIDNIGHT + HOUR, 3)
    assert days.peak(MIDNIGHT + DAY) == (MIDNIGHT + DAY, 9)
    days.add(MIDNIGHT + 5, in_units(2))
    assert days.peak(MIDNIGHT) == (MIDNIGHT, 4)


def test_forgotten_days_have_no_peak() -> None:
    days = PeakHours()
    days.add(MIDNIGHT, in_units(1))
    days.add(MIDNIGHT + DAY, in_units(1))
    days.forget(MIDNIGHT + DAY)
    assert days.peak(MIDNIGHT) is None
    assert days.peak(MIDNIGHT + DAY) is not None
