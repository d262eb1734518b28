"""The times of many timestamps are those of each one."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.store.process.times import microseconds

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
ZONES = st.sampled_from([UTC, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(minutes=1))])
usual = st.integers(-62 * 10**15, 253 * 10**15).map(lambda at: EPOCH + at * MICROSECOND)
moments = st.builds(lambda at, zone: at.astimezone(zone), usual, ZONES)
rough = usual.map(lambda at: at.replace(microsecond=at.microsecond // 250_000 * 250_000))


def text(at: datetime) -> str:
    """A time as the journal has it."""
    return msgspec.json.decode(msgspec.json.encode(at), type=str)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.lists(usual), st.lists(rough), st.lists(st.one_of(usual, rough)), st.lists(moments)), st.data())
def test_the_times_of_many_are_those_of_each(times: list[datetime], data: st.DataObject) -> None:
    expected = [(at - EPOCH) // MICROSECOND for at in times]
    assert microseconds([text(at) for at in times]).tolist() == expected
    are_texts = data.draw(st.lists(st.booleans(), min_size=len(times), max_size=len(times)))
    mixed = [text(at) if is_text else at for at, is_text in zip(times, are_texts, strict=True)]
    assert microseconds(mixed).tolist() == expected


@pytest.mark.parametrize("wrong", ["", "yesterday", "2026-11-30T08:00:00.12345xZ", "2026-11-30T08:00:00,123456 "])
def test_a_text_that_is_no_time_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        microseconds(["2026-11-30T08:00:00Z", wrong])
