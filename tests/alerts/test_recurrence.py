"""Times of the week, across midnight, weekends and summer time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.alerts.recurrence import WEEKDAY_NAMES, TimeWindow, window_at

Recurring = list[dict[str, Any]]
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> float:
    """A time in Berlin, in seconds since the epoch."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def weekly(*times: tuple[str, str], days: Sequence[str] = WEEKDAY_NAMES, zone: str = "Europe/Berlin") -> Recurring:
    return [{"weekdays": list(days), "start": start, "end": end, "time_zone": zone} for start, end in times]


NIGHTS = weekly(("22:00", "06:00"))
WEEKENDS = weekly(("00:00", "24:00"), days=("saturday", "sunday"))
OFFICE = weekly(("08:00", "18:00"), days=WEEKDAY_NAMES[:5])
ALWAYS = weekly(("00:00", "00:00"))


@pytest.mark.parametrize(
    ("recurring", "when", "start", "end"),
    [
        (NIGHTS, "2023-11-14T21:59:59", None, None),
        (NIGHTS, "2023-11-14T22:00:00", "2023-11-14T22:00", "2023-11-15T06:00"),
        (NIGHTS, "2023-11-15T05:59:59", "2023-11-14T22:00", "2023-11-15T06:00"),
        (NIGHTS, "2023-11-15T06:00:00", None, None),
        (NIGHTS, "2024-03-31T01:00:00", "2024-03-30T22:00", "2024-03-31T06:00"),
        (OFFICE, "2024-01-15T07:59", None, None),
        (OFFICE, "2024-01-15T08:00", "2024-01-15T08:00", "2024-01-15T18:00"),
        (OFFICE, "2024-07-15T17:59", "2024-07-15T08:00", "2024-07-15T18:00"),
        (OFFICE, "2024-01-15T18:00", None, None),
        (OFFICE, "2024-01-13T12:00", None, None),
        (ALWAYS, "2024-01-19T12:00", "2024-01-19T00:00", "2024-01-27T00:00"),
        (WEEKENDS, "2023-11-17T23:59:59", None, None),
        (WEEKENDS, "2023-11-18T12:00:00", "2023-11-18T00:00", "2023-11-20T00:00"),
        (WEEKENDS, "2023-11-19T23:59:59", "2023-11-19T00:00", "2023-11-20T00:00"),
        (weekly(("22:00", "06:00"), days=("friday",)), "2023-11-18T05:00:00", "2023-11-17T22:00", "2023-11-18T06:00"),
        (weekly(("22:00", "06:00"), days=("friday",)), "2023-11-17T05:00:00", None, None),
        (weekly(("20:00", "24:00"), ("00:00", "04:00")), "2023-11-14T21:00", "2023-11-14T20:00", "2023-11-15T04:00"),
    ],
)
def test_a_time_lies_in_a_window_or_in_none(recurring: Recurring, when: str, start: str, end: str) -> None:
    expected = None if start is None else TimeWindow(at(start), at(end))
    assert window_at(recurring, at(when)) == expected


def test_a_night_in_which_summer_time_begins_is_an_hour_shorter() -> None:
    window = window_at(NIGHTS, at("2024-03-30T23:00"))
    assert window is not None
    assert window.end - window.start == 7 * 3_600


@pytest.mark.parametrize(
    ("start", "end", "day", "windows"),
    [
        ("02:00", "02:30", "2024-03-31", [("03:00+02:00", "03:30+02:00")]),
        ("01:00", "02:30", "2024-03-31", [("01:00+01:00", "03:30+02:00")]),
        ("02:15", "03:00", "2024-03-31", []),
        ("01:00", "02:30", "2024-10-27", [("01:00+02:00", "02:30+02:00")]),
        ("02:00", "03:00", "2024-10-27", [("02:00+02:00", "03:00+01:00")]),
    ],
)
def test_a_time_that_is_skipped_is_an_hour_later_and_one_that_comes_twice_is_the_first(
    start: str, end: str, day: str, windows: list[tuple[str, str]]
) -> None:
    midnight = at(day)
    found = {window_at(weekly((start, end)), midnight + minutes * 60) for minutes in range(0, 360, 5)} - {None}
    expected = [[datetime.fromisoformat(f"{day}T{time}").timestamp() for time in window] for window in windows]
    assert found == {TimeWindow(*window) for window in expected}


CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
ZONES = st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia"))


@st.composite
def recurring_times(draw: st.DrawFn) -> Recurring:
    """Up to three windows in one time zone."""
    zone = draw(ZONES)
    days = st.lists(st.sampled_from(WEEKDAY_NAMES), unique=True, min_size=1)
    spans = st.tuples(CLOCK, CLOCK | st.just("24:00"))
    return [weekly(draw(spans), days=draw(days), zone=zone)[0] for _ in range(draw(st.integers(1, 3)))]


@given(recurring_times(), st.integers(1_680_000_000, 1_720_000_000))
@settings(deadline=None)
def test_windows_agree_with_the_clock_on_the_wall(recurring: Recurring, when: int) -> None:
    """Against an obvious model, which looks at the day, hour and minute that a clock shows."""
    shown = datetime.fromtimestamp(when, ZoneInfo(recurring[0]["time_zone"]))
    for day in range(-3, 4):  # no change of summer time nearby, as clocks show some times twice or never then
        near = datetime.fromtimestamp(when + day * 86_400, shown.tzinfo)
        if near.utcoffset() != shown.utcoffset():
            return
    now, today, yesterday = f"{shown:%H:%M}", WEEKDAY_NAMES[shown.weekday()], WEEKDAY_NAMES[shown.weekday() - 1]

    def holds(given: dict[str, Any]) -> bool:
        start, end, days = given["start"], given["end"], given["weekdays"]
        if start < end:
            return today in days and start <= now < end
        return (today in days and now >= start) or (yesterday in days and now < end)

    window = window_at(recurring, when)
    assert (window is not None) == any(map(holds, recurring))
    if window is not None:
        assert window.start <= when < window.end
