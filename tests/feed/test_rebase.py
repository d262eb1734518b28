"""The whole-day shift of a replayed log."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from analytics.feed.rebase import DAY_SECONDS, whole_days

times = st.integers(min_value=-(10**11), max_value=10**11)


@given(st.lists(times, min_size=1), st.floats(min_value=0, max_value=10**11))
def test_the_shift_is_the_largest_that_keeps_every_line_in_the_past(log: list[int], now: float) -> None:
    shift = whole_days(max(log), now)
    assert shift % DAY_SECONDS == 0
    assert all(time + shift <= now for time in log)
    assert max(log) + shift + DAY_SECONDS > now


def test_the_last_line_keeps_its_time_and_is_today_or_yesterday() -> None:
    last = int(datetime(2015, 5, 20, 21, 5, 59, tzinfo=UTC).timestamp())
    evening = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
    morning = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    moved = [
        datetime.fromtimestamp(last + whole_days(last, now.timestamp()), UTC).isoformat() for now in (evening, morning)
    ]
    assert moved == ["2026-03-01T21:05:59+00:00", "2026-02-28T21:05:59+00:00"]


def test_a_log_that_ends_now_is_not_shifted() -> None:
    assert whole_days(1_000_000, 1_000_000.7) == 0
    assert whole_days(1_000_001, 1_000_000.7) == -DAY_SECONDS
