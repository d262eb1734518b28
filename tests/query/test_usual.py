"""What is usual, and what is well beyond it."""

from collections.abc import Sequence

import pytest

from analytics.query.usual import (
    MINUTES,
    ErrorsFound,
    LatencyFound,
    TrafficBucket,
    unusual_errors,
    unusual_latency,
    usual_figures,
    usual_share,
)


def flat(value: float, *newest: float) -> list[float]:
    """An hour with one value, except for the newest minutes."""
    return [value] * (MINUTES - len(newest)) + list(newest)


def test_errors_are_unusual_at_three_times_the_median_with_the_minute_of_the_first() -> None:
    assert unusual_errors(flat(100), flat(1), None) is None
    assert unusual_errors(flat(100), flat(1, 4, 4, 4, 4, 4, 4), None) == ErrorsFound(0.04, 0.01, 12, 54)


def test_a_single_error_before_many_does_not_count_as_their_start() -> None:
    found = unusual_errors(flat(100), flat(0, 1, 1, 1, 20, 20, 20), 0.0001)
    assert found is not None
    assert found.minute == 57


def test_few_errors_are_never_unusual_and_without_history_only_a_large_share_is() -> None:
    assert unusual_errors(flat(100), flat(0, 4), None) is None
    assert unusual_errors(flat(0, 60), flat(0, 6), None) == ErrorsFound(0.1, None, 6, None)
    assert unusual_errors(flat(0, 61), flat(0, 6), None) is None
    assert unusual_errors(flat(0), flat(0, 6), None) == ErrorsFound(None, None, 6, None)


@pytest.mark.parametrize(("errors", "is_unusual"), [(8, False), (9, True)])
def test_rare_errors_that_coincide_by_chance_are_not_unusual(errors: float, is_unusual: bool) -> None:
    found = unusual_errors(flat(120), flat(0, errors), 0.005)  # 1.8 are expected in three minutes
    assert (found is not None) == is_unusual


def test_the_day_before_outweighs_a_bad_hour() -> None:
    assert unusual_errors(flat(100), flat(8), None) is None
    assert unusual_errors(flat(100), flat(8), 0.01) == ErrorsFound(0.08, 0.01, 24, None), (
        "since before the first minute"
    )


def test_the_usual_share_is_the_median_or_the_mean_if_most_have_no_error() -> None:
    assert usual_share([100, 100, 100], [1, 2, 90]) == 0.02
    assert usual_share([100, 100, 100, 0], [0, 0, 3, 0]) == 0.01
    assert usual_share([0], [0]) is None


def slow(
    means: Sequence[float | None],
    medians: Sequence[float | None] | None = None,
    requests: float = 10,
    usual: float | None = None,
) -> LatencyFound | None:
    """Whether such a service is slow."""
    return unusual_latency(flat(requests), means, lambda: means if medians is None else medians, usual)


def test_a_service_is_slow_if_both_its_mean_and_its_median_are_twice_the_usual() -> None:
    late = flat(40, 200, 200, 200, 200)
    assert slow(flat(40)) is None
    assert slow(late) == LatencyFound(200, 40)
    assert slow([*late[:-1], None]) == LatencyFound(200, 40)
    assert slow(late, flat(40)) is None, "only outliers"
    assert slow(flat(2, 9, 9, 9, 9)) is None, "too small a difference"
    assert slow(late, requests=4) is None, "too few requests"
    assert slow([None] * 56 + [200.0] * 4) is None, "nothing to compare with"
    assert slow(flat(200), usual=41) == LatencyFound(200, 41)
    assert slow([200.0] * 56 + [None] * 4, usual=41) is None, "no newest latency"


def test_usual_figures_are_the_median_of_buckets_with_requests_if_there_are_enough() -> None:
    hours = [
        TrafficBucket(0, 3600, 3600, 36, 40),
        TrafficBucket(3600, 3600, 7200, 72, None),
        TrafficBucket(7200, 3600, 0, 0, None),
        TrafficBucket(10_800, 3600, 36_000, 18_000, 900),
    ]
    assert usual_figures(hours) == (2, 1, None)
    assert usual_figures(hours[:3]) == (None, None, None)
    assert usual_figures([]) == (None, None, None)
