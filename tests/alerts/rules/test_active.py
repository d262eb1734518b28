"""Times in which rules are active."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from analytics.alerts.rules.active import ActiveTimes

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = ActiveTimes(frozenset(range(5)), 8 * 60, 18 * 60, BERLIN)
NIGHT = ActiveTimes(frozenset([4]), 22 * 60, 6 * 60, BERLIN)
"""From Friday to Saturday."""


@pytest.mark.parametrize(
    ("times", "local", "contained"),
    [
        (OFFICE, "2024-01-15T08:00", True),
        (OFFICE, "2024-01-15T07:59", False),
        (OFFICE, "2024-01-15T18:00", False),
        (OFFICE, "2024-01-13T12:00", False),
        (OFFICE, "2024-07-15T08:30", True),
        (NIGHT, "2024-01-19T21:59", False),
        (NIGHT, "2024-01-19T22:00", True),
        (NIGHT, "2024-01-20T05:59", True),
        (NIGHT, "2024-01-20T06:00", False),
        (NIGHT, "2024-01-19T05:00", False),
        (NIGHT._replace(start=0, end=0), "2024-01-19T12:00", True),
    ],
)
def test_times_are_local_and_may_cross_midnight(times: ActiveTimes, local: str, contained: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=BERLIN).timestamp()
    assert times.contain(at) is contained
