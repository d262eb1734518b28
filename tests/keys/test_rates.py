"""Token buckets: a sender never exceeds its rate, and never waits longer than Retry-After."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.keys.key import Rate
from analytics.keys.rates import MAX_SENDERS, Rates, TooManyRequests
from tests.fakes import FakeClock

RATES = st.builds(Rate, st.floats(0.01, 1000), st.floats(1, 1000))
PAUSES = st.lists(st.floats(0, 20), max_size=60)


@given(RATES, PAUSES)
def test_single_items_are_admitted_up_to_the_burst_and_the_rate(rate: Rate, pauses: list[float]) -> None:
    clock, admitted = FakeClock(), 0
    rates = Rates("items", clock.monotonic)
    for pause in pauses:
        clock.advance(pause)
        try:
            rates.take("a", rate, 1)
        except TooManyRequests:
            continue
        admitted += 1
    assert admitted <= rate.burst + rate.per_second * sum(pauses) + 1e-6


@given(RATES, st.integers(1, 100_000))
def test_a_batch_larger_than_the_burst_is_admitted_and_paid_for_later(rate: Rate, items: int) -> None:
    clock = FakeClock()
    rates = Rates("items", clock.monotonic)
    rates.take("a", rate, items)
    if items > rate.burst - 1:
        with pytest.raises(TooManyRequests) as refusal:
            rates.take("a", rate, 1)
        clock.advance(int(refusal.value.headers["Retry-After"]) + 0.001)
    rates.take("a", rate, 1)


@given(RATES)
def test_a_bucket_is_filled_up_to_its_burst(rate: Rate) -> None:
    clock = FakeClock()
    rates = Rates("items", clock.monotonic)
    rates.take("a", rate, 1)
    clock.advance(1e9)
    rates.take("a", rate, int(rate.burst))
    if rate.burst == int(rate.burst):
        with pytest.raises(TooManyRequests):
            rates.take("a", rate, 1)


def test_checking_takes_no_tokens() -> None:
    rates, rate = Rates("items", FakeClock().monotonic), Rate(1, 1)
    for _ in range(3):
        rates.take("a", rate, 0)
    rates.take("a", rate, 1)
    with pytest.raises(TooManyRequests) as refusal:
        rates.take("a", rate, 0)
    assert refusal.value.headers == {
        "Retry-After": "1",
        "RateLimit-Limit": "1",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "1",
    }
    assert "items" in refusal.value.message


def test_each_sender_has_a_bucket_and_the_longest_idle_is_forgotten() -> None:
    rates, rate = Rates("items", FakeClock().monotonic), Rate(1, 1)
    rates.take("first", rate, 1)
    for number in range(MAX_SENDERS):
        rates.take(str(number), rate, 1)
    rates.take("first", rate, 1)
    with pytest.raises(TooManyRequests):
        rates.take(str(MAX_SENDERS - 1), rate, 1)


def test_a_sender_that_is_refused_again_and_again_is_not_forgotten_because_of_others() -> None:
    rates, rate = Rates("items", FakeClock().monotonic), Rate(1, 1)
    rates.take("flood", rate, 1)
    for number in range(MAX_SENDERS + 1):
        rates.take(f"other {number}", rate, 1)
        with pytest.raises(TooManyRequests):
            rates.take("flood", rate, 1)


def test_only_senders_that_have_taken_something_are_kept() -> None:
    rates = Rates("items", FakeClock().monotonic)
    rates.take("looks", Rate(1, 1), 0)
    rates.take("takes", Rate(1, 1), 1)
    assert ("looks" in rates, "takes" in rates) == (False, True)
